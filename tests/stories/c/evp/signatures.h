/* Signatures, verifications and certificates; contexts are copied midway. */
#ifndef SIGNATURES_H
#define SIGNATURES_H
#include "parameters.h"
#include "subject.h"
#include <openssl/rsa.h>
#include <openssl/x509.h>

static int verifies(const struct subject *subject, const unsigned char *signature, size_t length)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int result = EVP_DigestVerifyInit_ex(ctx, NULL, hash, clean, NULL, subject->there, NULL) == 1
                 && EVP_DigestVerify(ctx, signature, length, text, sizeof text) == 1;

    EVP_MD_CTX_free(ctx);
    return result;
}

/* Signs in parts; the context is copied midway, and the original is freed before the copy is finished. */
static void messages(const struct subject *subject)
{
    unsigned char signature[1024];
    size_t length = sizeof signature, half = sizeof text / 2;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new(), *twin = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options;

    MUST(EVP_DigestSignInit_ex(ctx, &options, hash, NULL, NULL, subject->key, NULL) == 1);
    MUST(answers(options) >= 2);
    MUST(EVP_DigestSignUpdate(ctx, text, half) == 1);
    MUST(EVP_MD_CTX_copy_ex(twin, ctx) == 1);
    MUST(EVP_DigestSignUpdate(ctx, "something else", 14) == 1);
    EVP_MD_CTX_free(ctx);
    MUST(EVP_DigestSignUpdate(twin, text + half, sizeof text - half) == 1);
    /* A final call copies the context itself: it may be repeated. */
    for (int i = 0; i < 2; i++) {
        MUST(EVP_DigestSignFinal(twin, NULL, &length) == 1 && length <= sizeof signature);
        MUST(EVP_DigestSignFinal(twin, signature, &length) == 1 && verifies(subject, signature, length));
    }
    /* A context that is initialized again without a key keeps its key. */
    MUST(EVP_DigestSignInit_ex(twin, NULL, hash, NULL, NULL, NULL, NULL) == 1);
    length = sizeof signature;
    MUST(EVP_DigestSign(twin, signature, &length, text, sizeof text) == 1 && verifies(subject, signature, length));

    ctx = EVP_MD_CTX_new();
    MUST(EVP_MD_CTX_reset(twin) == 1);
    MUST(EVP_DigestVerifyInit_ex(ctx, &options, hash, NULL, NULL, subject->key, NULL) == 1 && answers(options) >= 2);
    MUST(EVP_DigestVerifyUpdate(ctx, text, half) == 1 && EVP_MD_CTX_copy_ex(twin, ctx) == 1);
    EVP_MD_CTX_free(ctx);
    MUST(EVP_DigestVerifyUpdate(twin, text + half, sizeof text - half) == 1);
    MUST(EVP_DigestVerifyFinal(twin, signature, length) == 1);
    MUST(EVP_DigestVerifyUpdate(twin, "more", 4) != 1 || EVP_DigestVerifyFinal(twin, signature, length) != 1);
    ERR_clear_error();
    EVP_MD_CTX_free(twin);
}

/* Sets the parameters of a signature or verification of a digest. */
static void set(EVP_PKEY_CTX *ctx, const struct subject *subject)
{
    MUST(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1);
    /* A key that is fixed to a scheme needs no parameters. */
    if (subject->rsa && free_to_sign(subject))
        MUST(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 && EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, 32) == 1);
}

/* Signs a digest with a context that is copied after its parameters are set, and freed before the copy is used. */
static void digests(const struct subject *subject)
{
    unsigned char signature[1024], digest[32];
    size_t length = sizeof signature, size;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, subject->key, NULL), *twin;
    EVP_MD_CTX *message = EVP_MD_CTX_new();

    MUST(EVP_Q_digest(NULL, hash, NULL, text, sizeof text, digest, &size) == 1 && size == sizeof digest);
    MUST(EVP_PKEY_sign_init(ctx) == 1);
    set(ctx, subject);
    twin = EVP_PKEY_CTX_dup(ctx);
    MUST(twin != NULL && answers(twin) >= 2);
    EVP_PKEY_CTX_free(ctx);
    MUST(EVP_PKEY_sign(twin, NULL, &length, digest, size) == 1 && length <= sizeof signature);
    if (subject->kind == RESTRICTED) {
        MUST(EVP_PKEY_sign(twin, signature, &length, digest, size) <= 0 && says("sign the message, not its digest"));
        length = sizeof signature;
        MUST(EVP_DigestSignInit_ex(message, NULL, hash, NULL, NULL, subject->key, NULL) == 1);
        MUST(EVP_DigestSign(message, signature, &length, text, sizeof text) == 1);
    } else {
        MUST(EVP_PKEY_sign(twin, signature, &length, digest, size) == 1);
    }
    EVP_PKEY_CTX_free(twin);
    EVP_MD_CTX_free(message);

    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, subject->key, NULL);
    MUST(EVP_PKEY_verify_init(ctx) == 1);
    set(ctx, subject);
    twin = EVP_PKEY_CTX_dup(ctx);
    EVP_PKEY_CTX_free(ctx);
    MUST(twin != NULL && EVP_PKEY_verify(twin, signature, length, digest, size) == 1);
    digest[0] ^= 1;
    MUST(EVP_PKEY_verify(twin, signature, length, digest, size) != 1);
    ERR_clear_error();
    EVP_PKEY_CTX_free(twin);
}

static void recover(const struct subject *subject)
{
    unsigned char signature[1024], bytes[1024];
    size_t length = sizeof signature, recovered = sizeof bytes;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, subject->key, NULL), *twin;

    MUST(EVP_PKEY_sign_init(ctx) == 1 && EVP_PKEY_sign(ctx, signature, &length, text, 20) == 1);
    MUST(EVP_PKEY_verify_recover_init(ctx) == 1 && (twin = EVP_PKEY_CTX_dup(ctx)) != NULL);
    EVP_PKEY_CTX_free(ctx);
    MUST(EVP_PKEY_verify_recover(twin, NULL, &recovered, signature, length) == 1 && recovered <= sizeof bytes);
    MUST(EVP_PKEY_verify_recover(twin, bytes, &recovered, signature, length) == 1);
    MUST(recovered == 20 && memcmp(bytes, text, 20) == 0);
    EVP_PKEY_CTX_free(twin);
}

/* Makes a request and a certificate with library calls, as applications do. */
static void certificate(const struct subject *subject)
{
    X509 *cert = X509_new();
    X509_REQ *request = X509_REQ_new();

    MUST(X509_set_pubkey(cert, subject->key) == 1 && X509_sign(cert, subject->key, EVP_sha256()) > 0);
    MUST(X509_verify(cert, subject->key) == 1 && X509_verify(cert, subject->there) == 1);
    MUST(X509_check_private_key(cert, subject->key) == 1);
    /* OpenSSL 3.5 and later verify no request without a version. */
    MUST(X509_REQ_set_version(request, X509_REQ_VERSION_1) == 1);
    MUST(X509_REQ_set_pubkey(request, subject->key) == 1 && X509_REQ_sign(request, subject->key, EVP_sha256()) > 0);
    MUST(X509_REQ_verify(request, subject->there) == 1 && X509_REQ_check_private_key(request, subject->key) == 1);
    X509_free(cert);
    X509_REQ_free(request);
}
#endif
