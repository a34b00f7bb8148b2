/* Signatures of digests, and verify-recover. */
#ifndef DIGESTS_H
#define DIGESTS_H
#include "say.h"

/* Signs this many bytes with the context, and verifies with another context, without the salt length. */
static void both(EVP_PKEY *key, EVP_PKEY_CTX *ctx, size_t bytes)
{
    EVP_PKEY_CTX *other = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    const EVP_MD *digest = NULL;
    int padding = 0;
    char verified[80] = "-";

    if (SAY(EVP_PKEY_sign(ctx, out, room(), text, bytes)) == 1) {
        int right, shorter, wrong;

        MUST(EVP_PKEY_verify_init(other) == 1);
        if (rsa || pss) {
            EVP_PKEY_CTX_get_rsa_padding(ctx, &padding);
            MUST(EVP_PKEY_CTX_set_rsa_padding(other, padding) == 1);
        }
        if (EVP_PKEY_CTX_get_signature_md(ctx, &digest) == 1 && digest != NULL)
            MUST(EVP_PKEY_CTX_set_signature_md(other, digest) == 1);
        right = EVP_PKEY_verify(other, out, length, text, bytes);
        shorter = EVP_PKEY_verify(other, out, length - 1, text, bytes);
        wrong = EVP_PKEY_verify(other, out, length, text, bytes == 0 ? 1 : bytes - 1);
        snprintf(verified, sizeof verified, "%d, if it is shorter %d, of other bytes %d", right, shorter, wrong);
    }
    WORDS(verified);
    EVP_PKEY_CTX_free(other);
}

/* Tries every padding and salt length of RSA. */
static void paddings(EVP_PKEY *key, EVP_PKEY_CTX *ctx)
{
    static const int modes[] = {RSA_NO_PADDING, RSA_PKCS1_PADDING, RSA_X931_PADDING, RSA_PKCS1_OAEP_PADDING, 0, 99, RSA_PKCS1_PSS_PADDING};
    static const int salts[] = {RSA_PSS_SALTLEN_DIGEST, RSA_PSS_SALTLEN_AUTO, RSA_PSS_SALTLEN_MAX, -4, -5, 0, 20, 32, 1000};

    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        HEAD("padding %d", modes[i]);
        SAY(EVP_PKEY_CTX_set_rsa_padding(ctx, modes[i]));
        WORDS(option(ctx, "pad-mode"));
        WORDS(option(ctx, "digest"));
        both(key, ctx, 32);
    }
    for (size_t i = 0; i < sizeof salts / sizeof *salts; i++) {
        int salt = -7;

        HEAD("salt %d", salts[i]);
        SAY(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, salts[i]));
        SAY(EVP_PKEY_CTX_get_rsa_pss_saltlen(ctx, &salt));
        WORDS(option(ctx, "saltlen"));
        both(key, ctx, 32);
    }
    SAY(set(ctx, "saltlen", "digest"));
    SAY(set(ctx, "saltlen", "nonsense"));
    SAY(set(ctx, "pad-mode", "nonsense"));
    SAY(set(ctx, "saltlen", "digest"));
    SAY(EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha1()));
    WORDS(option(ctx, "mgf1-digest"));
    SAY(EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()));
    both(key, ctx, 32);
}

static void recover(EVP_PKEY *key, const unsigned char *signature, size_t size)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);

    HEAD("recovery");
    if (SAY(EVP_PKEY_verify_recover_init(ctx)) == 1) {
        SAY(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()));
        SAY(EVP_PKEY_verify_recover(ctx, NULL, &length, signature, size));
        NUMBER(length);
        SAY(EVP_PKEY_verify_recover(ctx, out, room(), signature, size));
        NUMBER(length);
        SAY(EVP_PKEY_verify_recover(ctx, out, room(), signature, size - 1));
        SAY(EVP_PKEY_verify_recover(ctx, out, room(), text, sizeof text));
        SAY(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING));
    }
    EVP_PKEY_CTX_free(ctx);
}

static void digests(EVP_PKEY *key)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL), *twin;
    unsigned char signature[1024];
    size_t size = sizeof signature;

    HEAD("digests");
    SAY(EVP_PKEY_sign(ctx, out, room(), text, 32));
    SAY(EVP_PKEY_sign_init(ctx));
    names("gettable", EVP_PKEY_CTX_gettable_params(ctx));
    names("settable", EVP_PKEY_CTX_settable_params(ctx));
    SAY(EVP_PKEY_sign(ctx, NULL, &length, text, 32));
    NUMBER(length);
    length--;
    SAY(EVP_PKEY_sign(ctx, out, &length, text, 32));
    both(key, ctx, 32);
    both(key, ctx, 20);
    both(key, ctx, 0);
    SAY(EVP_PKEY_verify(ctx, out, length, text, 32));
    SAY(EVP_PKEY_sign_init(ctx));
    SAY(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()));
    WORDS(option(ctx, "digest"));
    both(key, ctx, 32);
    SAY(EVP_PKEY_sign(ctx, signature, &size, text, 32));
    both(key, ctx, 31);
    both(key, ctx, 33);
    both(key, ctx, 0);
    twin = EVP_PKEY_CTX_dup(ctx);
    if (HAS(twin))
        both(key, twin, 32);
    EVP_PKEY_CTX_free(twin);
    SAY(EVP_PKEY_CTX_set_signature_md(ctx, EVP_shake256()));
    both(key, ctx, 32);
    SAY(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha512()));
    both(key, ctx, 32);
    both(key, ctx, 64);
    SAY(set(ctx, "digest", "nonsense"));
    SAY(set(ctx, "digest", "SHA256"));
    SAY(set(ctx, "properties", "nonsense=yes"));
    if (rsa || pss)
        paddings(key, ctx);
    SAY(EVP_PKEY_verify_init(ctx));
    SAY(EVP_PKEY_verify(ctx, text, 10, text, 32));
    recover(key, signature, size);
    EVP_PKEY_CTX_free(ctx);
}
#endif
