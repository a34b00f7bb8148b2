/* Checks if a certificate, a private key and other keys belong together, with the calls that programs use.
 *
 *   pair KEY CERT OTHER-KEY OTHER-CERT [TWIN]    KEY belongs to CERT, and OTHER-KEY, of the same type, to OTHER-CERT; TWIN is
 *                                                the file of the software key that KEY was made of.
 *
 * Each pair of keys is compared in both directions. The same public keys come from the certificates, from files read in a second
 * library context without tpm2, and from copies. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUST(condition)                                                                                                       \
    do {                                                                                                                      \
        if (!(condition)) {                                                                                                   \
            fprintf(stderr, "pair.c:%d: %s\n", __LINE__, #condition);                                                         \
            ERR_print_errors_fp(stderr);                                                                                      \
            exit(1);                                                                                                          \
        }                                                                                                                     \
    } while (0)

static EVP_PKEY *private_key(const char *file)
{
    BIO *bio = BIO_new_file(file, "r");
    EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    MUST(key != NULL);
    BIO_free(bio);
    return key;
}

static X509 *certificate(const char *file, OSSL_LIB_CTX *libctx)
{
    BIO *bio = BIO_new_file(file, "r");
    X509 *x509 = X509_new_ex(libctx, NULL);
    MUST(bio != NULL && x509 != NULL && PEM_read_bio_X509(bio, &x509, NULL, NULL) != NULL);
    BIO_free(bio);
    return x509;
}

/* ERR_R codes differ between X509 and SSL, so the last error's reason string is compared. */
static void refused_as_mismatch(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    MUST(reason != NULL && strcmp(reason, "key values mismatch") == 0);
    ERR_clear_error();
}

static void in_tls(const char *key, const char *own, const char *other)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    MUST(SSL_CTX_use_certificate_file(ctx, own, SSL_FILETYPE_PEM) == 1);
    MUST(SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) == 1);
    MUST(SSL_CTX_check_private_key(ctx) == 1);
    SSL_CTX_free(ctx);

    /* The key before the certificate. */
    ctx = SSL_CTX_new(TLS_server_method());
    MUST(SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) == 1);
    MUST(SSL_CTX_use_certificate_file(ctx, own, SSL_FILETYPE_PEM) == 1);
    MUST(SSL_CTX_check_private_key(ctx) == 1);
    SSL_CTX_free(ctx);

    ctx = SSL_CTX_new(TLS_server_method());
    MUST(SSL_CTX_use_certificate_file(ctx, other, SSL_FILETYPE_PEM) == 1);
    MUST(SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1);
    refused_as_mismatch();
    MUST(SSL_CTX_check_private_key(ctx) != 1);
    ERR_clear_error();
    SSL_CTX_free(ctx);
}

static void equal(EVP_PKEY *one, EVP_PKEY *other)
{
    MUST(EVP_PKEY_eq(one, other) == 1 && EVP_PKEY_eq(other, one) == 1);
    MUST(EVP_PKEY_parameters_eq(one, other) == 1 && EVP_PKEY_parameters_eq(other, one) == 1);
}

static void different(EVP_PKEY *one, EVP_PKEY *other)
{
    MUST(EVP_PKEY_eq(one, other) == 0 && EVP_PKEY_eq(other, one) == 0);
}

int main(int count, char **arguments)
{
    MUST(count == 5 || count == 6);
    OSSL_LIB_CTX *clean = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *standard = OSSL_PROVIDER_load(clean, "default");
    MUST(standard != NULL);
    in_tls(arguments[1], arguments[2], arguments[4]);
    in_tls(arguments[3], arguments[4], arguments[2]);

    EVP_PKEY *key = private_key(arguments[1]), *again = private_key(arguments[1]), *other = private_key(arguments[3]);
    EVP_PKEY *copy = EVP_PKEY_dup(key);
    MUST(copy != NULL);
    X509 *own_certificate = certificate(arguments[2], NULL), *other_certificate = certificate(arguments[4], NULL);
    X509 *own_there = certificate(arguments[2], clean), *other_there = certificate(arguments[4], clean);
    equal(key, again);
    equal(key, copy);
    different(key, other);
    equal(key, X509_get0_pubkey(own_certificate));
    equal(key, X509_get0_pubkey(own_there));
    different(key, X509_get0_pubkey(other_certificate));
    different(key, X509_get0_pubkey(other_there));
    equal(other, X509_get0_pubkey(other_there));
    MUST(X509_check_private_key(own_certificate, key) == 1 && X509_check_private_key(own_there, key) == 1);
    MUST(X509_check_private_key(other_certificate, key) == 0);
    refused_as_mismatch();
    MUST(X509_check_private_key(other_there, key) == 0);
    refused_as_mismatch();

    if (count == 6) {
        EVP_PKEY *twin = private_key(arguments[5]);
        equal(key, twin);
        different(other, twin);
        EVP_PKEY_free(twin);
    }

    /* Of another type and of another curve: neither equal nor a crash. */
    EVP_PKEY *curve = EVP_PKEY_Q_keygen(clean, NULL, "EC", "P-384"), *edwards = EVP_PKEY_Q_keygen(clean, NULL, "ED25519");
    EVP_PKEY *rsa = EVP_PKEY_Q_keygen(clean, NULL, "RSA", (size_t)1024);
    EVP_PKEY *unlike[] = {curve, edwards, rsa};
    for (size_t i = 0; i < sizeof unlike / sizeof *unlike; i++) {
        MUST(unlike[i] != NULL);
        MUST(EVP_PKEY_eq(key, unlike[i]) != 1 && EVP_PKEY_eq(unlike[i], key) != 1);
        MUST(EVP_PKEY_eq(other, unlike[i]) != 1 && EVP_PKEY_eq(unlike[i], other) != 1);
        EVP_PKEY_free(unlike[i]);
    }
    ERR_clear_error();

    EVP_PKEY_free(copy);
    EVP_PKEY_free(other);
    EVP_PKEY_free(again);
    EVP_PKEY_free(key);
    X509_free(own_certificate);
    X509_free(other_certificate);
    X509_free(own_there);
    X509_free(other_there);
    OSSL_PROVIDER_unload(standard);
    OSSL_LIB_CTX_free(clean);
    return 0;
}
