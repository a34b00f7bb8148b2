/* Signature algorithms that a program fetches by name (OpenSSL 3.4 and later). */
#ifndef NAMED_H
#define NAMED_H
#include "messages.h"

#if OPENSSL_VERSION_PREREQ(3, 4)
/* Returns the digest at the end of the name. */
static const char *digest_of(const char *name)
{
    static char digest[40];
    char *slash;

    snprintf(digest, sizeof digest, "%s", strchr(name, '-') + 1);
    slash = strchr(digest, '/');
    if (slash != NULL)
        *slash = '-';
    return digest;
}

static void named_message(EVP_PKEY *key, EVP_PKEY_CTX *ctx, EVP_SIGNATURE *algorithm, const char *digest)
{
    EVP_PKEY_CTX *twin;
    size_t size;

    if (SAY(EVP_PKEY_sign_message_init(ctx, algorithm, NULL)) != 1)
        return;
    names("gettable", EVP_PKEY_CTX_gettable_params(ctx));
    names("settable", EVP_PKEY_CTX_settable_params(ctx));
    WORDS(option(ctx, "digest"));
    SAY(set(ctx, "digest", "SHA512"));
    SAY(EVP_PKEY_sign(ctx, NULL, &length, text, 10));
    NUMBER(length);
    SAY(EVP_PKEY_sign_message_update(ctx, text, 10));
    twin = EVP_PKEY_CTX_dup(ctx);
    SAY(EVP_PKEY_sign_message_update(ctx, text + 10, 10));
    SAY(EVP_PKEY_sign_message_final(ctx, NULL, room()));
    NUMBER(length);
    length = 1;
    SAY(EVP_PKEY_sign_message_final(ctx, out, &length));
    SAY(EVP_PKEY_sign_message_init(ctx, algorithm, NULL));
    SAY(EVP_PKEY_sign_message_update(ctx, text, 20));
    SAY(EVP_PKEY_sign_message_final(ctx, out, room()));
    SAY(verifies(key, digest, length, 20));
    SAY(EVP_PKEY_sign_message_update(ctx, text, 10));
    SAY(EVP_PKEY_sign_message_final(ctx, out, room()));
    SAY(EVP_PKEY_sign(ctx, out, room(), text, 10));
    if (HAS(twin)) {
        SAY(EVP_PKEY_sign_message_update(twin, text + 10, 10));
        SAY(EVP_PKEY_sign_message_final(twin, out, room()));
        SAY(verifies(key, digest, length, 20));
        EVP_PKEY_CTX_free(twin);
    }
    SAY(EVP_PKEY_sign_message_init(ctx, algorithm, NULL));
    SAY(EVP_PKEY_sign(ctx, out, room(), text, 10));
    SAY(verifies(key, digest, length, 10));
    size = length;
    SAY(EVP_PKEY_verify_message_init(ctx, algorithm, NULL));
    names("verify settable", EVP_PKEY_CTX_settable_params(ctx));
    SAY(EVP_PKEY_verify(ctx, out, size, text, 10));
    SAY(EVP_PKEY_verify_message_init(ctx, algorithm, NULL));
    SAY(EVP_PKEY_verify_message_update(ctx, text, 10));
    SAY(EVP_PKEY_verify_message_final(ctx));
    SAY(EVP_PKEY_verify_message_init(ctx, algorithm, NULL));
    SAY(EVP_PKEY_CTX_set_signature(ctx, out, size));
    SAY(EVP_PKEY_verify_message_update(ctx, text, 10));
    SAY(EVP_PKEY_verify_message_final(ctx));
    SAY(EVP_PKEY_verify_message_init(ctx, algorithm, NULL));
    SAY(EVP_PKEY_CTX_set_signature(ctx, out, size));
    SAY(EVP_PKEY_verify_message_update(ctx, text, 11));
    SAY(EVP_PKEY_verify_message_final(ctx));
    SAY(EVP_PKEY_sign_message_update(ctx, text, 10));
}

static void named_digest(EVP_PKEY_CTX *ctx, EVP_SIGNATURE *algorithm, const char *digest)
{
    EVP_MD *md = EVP_MD_fetch(NULL, digest, NULL);
    size_t bytes = (size_t)EVP_MD_get_size(md), size;

    EVP_MD_free(md);
    if (SAY(EVP_PKEY_sign_init_ex2(ctx, algorithm, NULL)) != 1)
        return;
    names("gettable", EVP_PKEY_CTX_gettable_params(ctx));
    names("settable", EVP_PKEY_CTX_settable_params(ctx));
    WORDS(option(ctx, "pad-mode"));
    SAY(set(ctx, "pad-mode", "pss"));
    SAY(EVP_PKEY_sign(ctx, out, room(), text, bytes - 1));
    SAY(EVP_PKEY_sign(ctx, out, room(), text, bytes));
    size = length;
    SAY(EVP_PKEY_sign_message_update(ctx, text, 10));
    SAY(EVP_PKEY_verify_init_ex2(ctx, algorithm, NULL));
    SAY(EVP_PKEY_verify(ctx, out, size, text, bytes));
    SAY(EVP_PKEY_verify(ctx, out, size, text + 1, bytes));
    if (SAY(EVP_PKEY_verify_recover_init_ex2(ctx, algorithm, NULL)) == 1) {
        unsigned char recovered[1024];

        length = sizeof recovered;
        SAY(EVP_PKEY_verify_recover(ctx, recovered, &length, out, size));
        NUMBER(length);
    }
}

static void named(EVP_PKEY *key, const char *properties)
{
    static const char *names[] = {"RSA-SHA1", "RSA-SHA2-224", "RSA-SHA256", "RSA-SHA384", "RSA-SHA512", "RSA-SHA512-224", "RSA-SHA512-256", "RSA-SHA3-224",
        "RSA-SHA3-256", "RSA-SHA3-384", "RSA-SHA3-512", "RSA-SM3", "RSA-RIPEMD160", "RSA-MD5", "ECDSA-SHA1", "ECDSA-SHA224", "ECDSA-SHA256", "ECDSA-SHA384",
        "ECDSA-SHA512", "ECDSA-SHA3-224", "ECDSA-SHA3-256", "ECDSA-SHA3-384", "ECDSA-SHA3-512"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        EVP_SIGNATURE *algorithm = EVP_SIGNATURE_fetch(NULL, names[i], properties);
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);

        HEAD("%s", names[i]);
        if (HAS(algorithm)) {
            named_message(key, ctx, algorithm, digest_of(names[i]));
            named_digest(ctx, algorithm, digest_of(names[i]));
        }
        EVP_SIGNATURE_free(algorithm);
        EVP_PKEY_CTX_free(ctx);
    }
}
#else
static void named(EVP_PKEY *key, const char *properties)
{
}
#endif
#endif
