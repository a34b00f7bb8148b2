/* A key written and printed. */
#ifndef FILES_H
#define FILES_H
#include "say.h"
#include <openssl/encoder.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

/* Prints the labels of public numbers and restrictions that programs search for in the text, in their order. */
static void labels(BIO *bio)
{
    static const char *known[] = {"Private-Key:", "Public-Key:", "RSA-PSS ", "modulus:", "Modulus:", "publicExponent:", "Exponent:", "pub:", "ASN1 OID:", "NIST CURVE:",
        "PSS parameter restrictions", "No PSS parameter restrictions", "Hash Algorithm:", "Mask Algorithm:", "Minimum Salt Length:", "Salt Length:", "Trailer Field:"};
    char line[256];

    while (BIO_gets(bio, line, sizeof line) > 0)
        for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
            const char *text = line + strspn(line, " ");

            if (strncmp(text, known[i], strlen(known[i])) == 0) {
                /* The rest of these lines says where the private half is. */
                if (strstr(text, "-Key:") != NULL)
                    line[strcspn(line, ":") + 1] = 0;
                line[strcspn(line, "\n")] = 0;
                WORDS(line);
            }
        }
}

static void encoded(EVP_PKEY *key, int selection, const char *type, const char *structure)
{
    OSSL_ENCODER_CTX *ctx = OSSL_ENCODER_CTX_new_for_pkey(key, selection, type, structure, NULL);
    unsigned char *data = NULL;

    HEAD("selection %#x %s %s", selection, type, structure == NULL ? "-" : structure);
    SAY(OSSL_ENCODER_to_data(ctx, &data, &length));
    if (data != NULL)
        data[strcspn((char *)data, "\n")] = 0;
    WORDS(strcmp(type, "PEM") == 0 ? (char *)data : NULL);
    OPENSSL_free(data);
    length = 0;
    OSSL_ENCODER_CTX_free(ctx);
}

static void printed(EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());

    HEAD("printed");
    SAY(EVP_PKEY_print_private(bio, key, 0, NULL));
    labels(bio);
    SAY(EVP_PKEY_print_public(bio, key, 0, NULL));
    labels(bio);
    SAY(EVP_PKEY_print_params(bio, key, 0, NULL));
    labels(bio);
    BIO_free(bio);
}

/* A public key that is written and read again is the same, with its restrictions. */
static void read_back(EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    EVP_PKEY *read;

    HEAD("read back");
    SAY(PEM_write_bio_PUBKEY(bio, key));
    read = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    if (HAS(read)) {
        WORDS(EVP_PKEY_get0_type_name(read));
        SAY(EVP_PKEY_eq(read, key));
        SAY(EVP_PKEY_print_public(bio, read, 0, NULL));
        labels(bio);
    }
    EVP_PKEY_free(read);
    BIO_free(bio);
}

static void files(EVP_PKEY *key)
{
    static const char *structures[] = {NULL, "PrivateKeyInfo", "EncryptedPrivateKeyInfo", "SubjectPublicKeyInfo", "type-specific", "pkcs1", "X9.62", "nonsense"};
    static const int selections[] = {0, EVP_PKEY_KEYPAIR, EVP_PKEY_PUBLIC_KEY, EVP_PKEY_KEY_PARAMETERS};
    static const char *types[] = {"PEM", "DER", "TEXT", "MSBLOB", "PVK", "nonsense"};

    for (size_t i = 0; i < sizeof selections / sizeof *selections; i++)
        for (size_t j = 0; j < sizeof types / sizeof *types; j++)
            for (size_t k = 0; k < sizeof structures / sizeof *structures; k++)
                encoded(key, selections[i], types[j], structures[k]);
    printed(key);
    read_back(key);
    HEAD("old calls");
    SAY(i2d_PUBKEY(key, NULL) > 0);
    SAY(i2d_PublicKey(key, NULL) > 0);
    SAY(i2d_PrivateKey(key, NULL) > 0);
    SAY(i2d_KeyParams(key, NULL) > 0);
    HAS(EVP_PKEY_get0_RSA(key));
    HAS(EVP_PKEY_get0_EC_KEY(key));
    HAS(EVP_PKEY_get0_DSA(key));
    HAS(EVP_PKEY_get0(key));
}
#endif
