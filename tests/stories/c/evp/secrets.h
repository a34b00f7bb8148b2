/* Decryption and key agreement; contexts are copied midway. */
#ifndef SECRETS_H
#define SECRETS_H
#include "parameters.h"
#include "subject.h"
#include <openssl/rsa.h>

static void ciphertexts(const struct subject *subject)
{
    unsigned char secret[1024], plain[1024];
    size_t length = sizeof secret, found = sizeof plain;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, subject->key, NULL), *twin;

    MUST(EVP_PKEY_encrypt_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1);
    MUST(EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, hash, NULL) == 1 && (twin = EVP_PKEY_CTX_dup(ctx)) != NULL);
    EVP_PKEY_CTX_free(ctx);
    MUST(answers(twin) >= 2 && EVP_PKEY_encrypt(twin, secret, &length, text, sizeof text) == 1);
    EVP_PKEY_CTX_free(twin);
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, subject->key, NULL);
    MUST(EVP_PKEY_decrypt_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1);
    MUST(EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, hash, NULL) == 1 && (twin = EVP_PKEY_CTX_dup(ctx)) != NULL);
    EVP_PKEY_CTX_free(ctx);
    MUST(answers(twin) >= 2 && EVP_PKEY_decrypt(twin, NULL, &found, secret, length) == 1 && found <= sizeof plain);
    MUST(EVP_PKEY_decrypt(twin, plain, &found, secret, length) == 1);
    MUST(found == sizeof text && memcmp(plain, text, found) == 0);
    EVP_PKEY_CTX_free(twin);
}

static void secrets(const struct subject *subject)
{
    unsigned char ours[128], theirs[128];
    size_t length = sizeof ours, same = sizeof theirs;
    char group[80];
    MUST(EVP_PKEY_get_group_name(subject->key, group, sizeof group, NULL) == 1);
    EVP_PKEY *peer = EVP_PKEY_Q_keygen(clean, NULL, "EC", group), *here = copy(peer, EVP_PKEY_PUBLIC_KEY, NULL, NULL);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, subject->key, NULL), *twin;

    MUST(EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, here) == 1 && (twin = EVP_PKEY_CTX_dup(ctx)) != NULL);
    EVP_PKEY_CTX_free(ctx);
    MUST(answers(twin) >= 1 && EVP_PKEY_derive(twin, NULL, &length) == 1 && length <= sizeof ours);
    MUST(EVP_PKEY_derive(twin, ours, &length) == 1);
    EVP_PKEY_CTX_free(twin);
    ctx = EVP_PKEY_CTX_new_from_pkey(clean, peer, NULL);
    MUST(EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, subject->there) == 1);
    MUST(EVP_PKEY_derive(ctx, theirs, &same) == 1 && same == length && memcmp(ours, theirs, length) == 0);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(here);
}

/* Operations that a key with only the sign attribute refuses with an error. */
static void refuses(const struct subject *subject)
{
    unsigned char bytes[1024] = {0};
    size_t length = sizeof bytes;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, subject->key, NULL);

    /* For these types OpenSSL itself refuses decryption. */
    if (subject->pss || !subject->rsa)
        MUST(EVP_PKEY_decrypt_init(ctx) <= 0 && EVP_PKEY_encrypt_init(ctx) <= 0);
    else
        MUST(EVP_PKEY_decrypt_init(ctx) == 1 && EVP_PKEY_decrypt(ctx, bytes, &length, bytes, 256) <= 0
             && says("may not decrypt"));
    if (!subject->rsa)
        MUST(EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, subject->key) == 1
             && EVP_PKEY_derive(ctx, bytes, &length) <= 0 && says("may not derive secrets"));
    ERR_clear_error();
    EVP_PKEY_CTX_free(ctx);
}
#endif
