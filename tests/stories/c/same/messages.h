/* Signatures of messages. */
#ifndef MESSAGES_H
#define MESSAGES_H
#include "say.h"

/* Returns true if it is the signature over this many bytes of the text. */
static int verifies(EVP_PKEY *key, const char *digest, size_t size, size_t bytes)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int result = EVP_DigestVerifyInit_ex(ctx, NULL, digest, NULL, NULL, key, NULL) == 1 && EVP_DigestVerify(ctx, out, size, text, bytes) == 1;

    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return result;
}

static void message(EVP_PKEY *key, const char *digest)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new(), *twin = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;

    HEAD("digest %s", digest == NULL ? "-" : digest);
    if (SAY(EVP_DigestSignInit_ex(ctx, &options, digest, NULL, NULL, key, NULL)) == 1) {
        names("gettable", EVP_PKEY_CTX_gettable_params(options));
        names("settable", EVP_PKEY_CTX_settable_params(options));
        WORDS(option(options, "digest"));
        WORDS(option(options, "pad-mode"));
        WORDS(option(options, "mgf1-digest"));
        SAY(set(options, "digest", "SHA512"));
        SAY(set(options, "digest", "SHA256"));
        SAY(set(options, "no-such", "SHA256"));
        SAY(EVP_DigestSign(ctx, NULL, &length, text, 10));
        NUMBER(length);
        length--;
        SAY(EVP_DigestSign(ctx, out, &length, text, 10));
        SAY(EVP_MD_CTX_copy_ex(twin, ctx));
        SAY(EVP_DigestSign(ctx, out, room(), text, 10));
        SAY(verifies(key, digest, length, 10));
        SAY(verifies(key, digest, length, 20));
        SAY(EVP_DigestSign(ctx, out, room(), text + 10, 10));
        SAY(verifies(key, digest, length, 10));
        SAY(verifies(key, digest, length, 20));
        SAY(EVP_DigestSign(ctx, out, room(), NULL, 0));
        SAY(EVP_DigestSignUpdate(ctx, text + 20, 10));
        SAY(EVP_DigestSignUpdate(ctx, text + 30, 0));
        SAY(EVP_DigestSignFinal(ctx, NULL, room()));
        NUMBER(length);
        length = 1;
        SAY(EVP_DigestSignFinal(ctx, out, &length));
        SAY(EVP_DigestSignFinal(ctx, out, room()));
        SAY(verifies(key, digest, length, 30));
        SAY(EVP_DigestSignFinal(ctx, out, room()));
        SAY(verifies(key, digest, length, 30));
        SAY(EVP_DigestSign(twin, out, room(), text + 10, 10));
        SAY(verifies(key, digest, length, 20));
        SAY(EVP_DigestVerifyUpdate(ctx, text, 10));
        SAY(EVP_DigestVerifyFinal(ctx, out, length));
        SAY(EVP_DigestSignInit_ex(ctx, NULL, NULL, NULL, NULL, NULL, NULL));
        SAY(EVP_DigestSign(ctx, out, room(), text, 10));
        SAY(EVP_DigestVerifyInit_ex(ctx, NULL, digest, NULL, NULL, key, NULL));
        SAY(EVP_DigestVerify(ctx, out, length, text, 10));
        SAY(EVP_DigestVerify(ctx, out, length, text, 10));
        SAY(EVP_DigestVerify(ctx, out, length - 1, text, 10));
        SAY(EVP_DigestVerify(ctx, NULL, 0, text, 10));
        SAY(EVP_DigestSignUpdate(ctx, text, 10));
        SAY(EVP_DigestSignFinal(ctx, out, room()));
    }
    EVP_MD_CTX_free(ctx);
    EVP_MD_CTX_free(twin);
}

/* A context whose first signature is final. */
static void finalised(EVP_PKEY *key)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    HEAD("finalised");
    EVP_MD_CTX_set_flags(ctx, EVP_MD_CTX_FLAG_FINALISE);
    SAY(EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, key, NULL));
    SAY(EVP_DigestSignUpdate(ctx, text, 10));
    SAY(EVP_DigestSignFinal(ctx, out, room()));
    SAY(EVP_DigestSignUpdate(ctx, text, 10));
    SAY(EVP_DigestSignFinal(ctx, out, room()));
    SAY(EVP_DigestSign(ctx, out, room(), text, 10));
    EVP_MD_CTX_free(ctx);
}

static void messages(EVP_PKEY *key)
{
    static const char *digests[] = {NULL, "SHA256", "SHA384", "SHA512-256", "SHA3-256", "SHA1", "MD5", "MD5-SHA1", "SM3", "BLAKE2S-256", "SHAKE256", "", "nonsense"};

    for (size_t i = 0; i < sizeof digests / sizeof *digests; i++)
        message(key, digests[i]);
    finalised(key);
}
#endif
