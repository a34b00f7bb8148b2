/* write FILE: writes the key of a TPM key file in every way that a program can write a private key. */
#include <stdlib.h>
#include <string.h>

#include <openssl/encoder.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "answers.h"

static char file[20000];

static void check(int fine, const char *what)
{
    char text[LINE];

    if (!fine) {
        say("%s: %s", what, errors(text));
        exit(1);
    }
}

/* Checks that the BIO contains the file, or its DER, and empties it. */
static void is_file(BIO *out, const char *what)
{
    char *bytes;
    long length = BIO_get_mem_data(out, &bytes);

    check(length == (long)strlen(file) && memcmp(bytes, file, (size_t)length) == 0, what);
    BIO_reset(out);
}

static void is_der(const unsigned char *der, int length, const char *what)
{
    EVP_PKEY *key = NULL;
    BIO *out = BIO_new(BIO_s_mem());

    check(length > 0, what);
    key = d2i_AutoPrivateKey(NULL, &der, length);
    check(key != NULL && PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL), what);
    is_file(out, what);
    EVP_PKEY_free(key);
    BIO_free(out);
}

/* Checks that a call failed with a reason of tpm2. */
static void refused(int result, const char *what)
{
    char text[LINE];

    check(result <= 0, what);
    errors(text);
    if (strstr(text, "tpm2") == NULL) {
        say("%s: %s", what, text);
        exit(1);
    }
}

/* Writes with OSSL_ENCODER, in this structure. */
static int encode(EVP_PKEY *key, int selection, const char *form, const char *structure, const char *cipher, BIO *out)
{
    OSSL_ENCODER_CTX *ctx = OSSL_ENCODER_CTX_new_for_pkey(key, selection, form, structure, NULL);
    int fine = ctx != NULL;

    if (fine && cipher != NULL)
        fine = OSSL_ENCODER_CTX_set_cipher(ctx, cipher, NULL)
               && OSSL_ENCODER_CTX_set_passphrase(ctx, (const unsigned char *)"secret", 6);
    fine = fine && OSSL_ENCODER_to_bio(ctx, out);
    OSSL_ENCODER_CTX_free(ctx);
    return fine;
}

int main(int argc, char **argv)
{
    static const char *structures[] = {"PrivateKeyInfo", "type-specific", NULL};
    BIO *in = BIO_new_file(argv[argc - 1], "r"), *out = BIO_new(BIO_s_mem());
    unsigned char *der = NULL;
    EVP_PKEY *key;
    int length;

    BIO_read(in, file, sizeof(file) - 1);
    BIO_seek(in, 0);
    key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
    check(key != NULL, "read");

    check(PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL), "PEM_write_bio_PrivateKey");
    is_file(out, "PEM_write_bio_PrivateKey");
    check(PEM_write_bio_PKCS8PrivateKey(out, key, NULL, NULL, 0, NULL, NULL), "PEM_write_bio_PKCS8PrivateKey");
    is_file(out, "PEM_write_bio_PKCS8PrivateKey");
    length = i2d_PrivateKey(key, &der);
    is_der(der, length, "i2d_PrivateKey");
    OPENSSL_free(der);
    for (const char **structure = structures; *structure != NULL; structure++) {
        check(encode(key, EVP_PKEY_KEYPAIR, "PEM", *structure, NULL, out), *structure);
        is_file(out, *structure);
        check(encode(key, EVP_PKEY_KEYPAIR, "DER", *structure, NULL, out), *structure);
        length = (int)BIO_get_mem_data(out, &der);
        is_der(der, length, *structure);
        BIO_reset(out);
        refused(encode(key, EVP_PKEY_KEYPAIR, "PEM", *structure, "AES-256-CBC", out), *structure);
    }
    /* The first encoder that fits. */
    check(encode(key, EVP_PKEY_KEYPAIR, "PEM", NULL, NULL, out), "no structure");
    is_file(out, "no structure");

    /* Encryption with a passphrase is refused. */
    refused(PEM_write_bio_PrivateKey(out, key, EVP_aes_256_cbc(), (unsigned char *)"secret", 6, NULL, NULL), "cipher");
    refused(PEM_write_bio_PKCS8PrivateKey(out, key, EVP_aes_256_cbc(), "secret", 6, NULL, NULL), "PKCS#8 cipher");
    refused(i2d_PKCS8PrivateKey_bio(out, key, EVP_aes_256_cbc(), "secret", 6, NULL, NULL), "PKCS#8 cipher, DER");
    refused(encode(key, EVP_PKEY_KEYPAIR, "PEM", "EncryptedPrivateKeyInfo", "AES-256-CBC", out), "EncryptedPrivateKeyInfo");
    check(BIO_pending(out) == 0, "nothing is written when it is refused");

    /* The default provider writes the public half. */
    check(PEM_write_bio_PUBKEY(out, key), "PEM_write_bio_PUBKEY");
    check(i2d_PUBKEY(key, NULL) > 0 && i2d_PublicKey(key, NULL) > 0, "i2d_PUBKEY, i2d_PublicKey");
    EVP_PKEY_free(key);
    BIO_free(in);
    BIO_free(out);
    return 0;
}
