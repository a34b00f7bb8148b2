/* Tests a key as a whole: exported, checked, printed, written and read. */
#ifndef WHOLE_H
#define WHOLE_H
#include "subject.h"
#include <openssl/decoder.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

static void data(const struct subject *subject)
{
    OSSL_PARAM *params = NULL;
    EVP_PKEY *public = copy(subject->key, EVP_PKEY_PUBLIC_KEY, NULL, NULL), *back, *whole;
    const char *part = subject->rsa ? "n" : "pub";

    MUST(EVP_PKEY_eq(public, subject->key) == 1 && EVP_PKEY_eq(subject->key, public) == 1);
    back = copy(subject->there, EVP_PKEY_PUBLIC_KEY, NULL, NULL);
    MUST(EVP_PKEY_eq(back, subject->key) == 1 && EVP_PKEY_parameters_eq(back, subject->key) == 1);
    EVP_PKEY_free(back);
    EVP_PKEY_free(public);
    if (!subject->rsa) {
        EVP_PKEY *parameters = copy(subject->key, EVP_PKEY_KEY_PARAMETERS, NULL, NULL);

        MUST(EVP_PKEY_parameters_eq(parameters, subject->key) == 1 && EVP_PKEY_eq(parameters, subject->key) != 1);
        EVP_PKEY_free(parameters);
    }
    MUST(EVP_PKEY_todata(subject->key, EVP_PKEY_PUBLIC_KEY, &params) == 1 && OSSL_PARAM_locate(params, part) != NULL);
    MUST(OSSL_PARAM_locate(params, "d") == NULL && OSSL_PARAM_locate(params, "priv") == NULL);
    OSSL_PARAM_free(params);
    ERR_clear_error();
    params = NULL;
    if (in_tpm(subject)) {
        MUST(EVP_PKEY_todata(subject->key, EVP_PKEY_KEYPAIR, &params) != 1 && says("never leaves the TPM"));
        return;
    }
    whole = copy(subject->key, EVP_PKEY_KEYPAIR, clean, NULL);
    back = copy(whole, EVP_PKEY_KEYPAIR, NULL, NULL);
    MUST(EVP_PKEY_eq(whole, subject->key) == 1 && EVP_PKEY_eq(back, whole) == 1);
    EVP_PKEY_free(whole);
    EVP_PKEY_free(back);
}

static int check(EVP_PKEY *key, OSSL_LIB_CTX *libctx, int (*which)(EVP_PKEY_CTX *))
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(libctx, key, NULL);
    int result;

    MUST(ctx != NULL);
    result = which(ctx);
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return result;
}

static void checks(const struct subject *subject)
{
    int (*const public[])(EVP_PKEY_CTX *)
        = {EVP_PKEY_public_check, EVP_PKEY_public_check_quick, EVP_PKEY_param_check, EVP_PKEY_param_check_quick};
    int (*const private[])(EVP_PKEY_CTX *) = {EVP_PKEY_check, EVP_PKEY_private_check, EVP_PKEY_pairwise_check};
    EVP_PKEY *half = copy(subject->key, EVP_PKEY_PUBLIC_KEY, NULL, NULL);

    for (size_t i = 0; i < sizeof(public) / sizeof(*public); i++) {
        MUST(check(subject->key, NULL, public[i]) == check(subject->there, clean, public[i]));
        MUST(check(half, NULL, public[i]) == check(subject->there, clean, public[i]));
    }
    MUST(check(subject->key, NULL, public[0]) == 1 && check(subject->key, NULL, public[1]) == 1);
    for (size_t i = 0; i < sizeof(private) / sizeof(*private); i++) {
        MUST(check(subject->key, NULL, private[i]) == 1);
        MUST(check(half, NULL, private[i]) == check(subject->there, clean, private[i]));
    }
    EVP_PKEY_free(half);
}

static char *printed(const EVP_PKEY *key, int (*print)(BIO *, const EVP_PKEY *, int, ASN1_PCTX *), int *result)
{
    static char page[20000];
    BIO *bio = BIO_new(BIO_s_mem());
    int length;

    *result = print(bio, key, 2, NULL);
    length = BIO_read(bio, page, sizeof(page) - 1);
    page[length < 0 ? 0 : length] = '\0';
    BIO_free(bio);
    ERR_clear_error();
    return page;
}

static void print(const struct subject *subject)
{
    int ours, theirs;
    char *page = strdup(printed(subject->there, EVP_PKEY_print_public, &theirs));

    MUST(strcmp(page, printed(subject->key, EVP_PKEY_print_public, &ours)) == 0 && ours == 1 && theirs == 1);
    free(page);
    page = strdup(printed(subject->there, EVP_PKEY_print_params, &theirs));
    MUST(strcmp(page, printed(subject->key, EVP_PKEY_print_params, &ours)) == 0 && ours == theirs);
    free(page);
    page = printed(subject->key, EVP_PKEY_print_private, &ours);
    MUST(ours == 1 && strstr(page, in_tpm(subject) ? "in a TPM" : "Private-Key:") != NULL);
    MUST(!in_tpm(subject) || (strstr(page, "priv:") == NULL && strstr(page, "privateExponent:") == NULL));
}

/* Reads a key from DER, with the password that one of the keys has. */
static EVP_PKEY *decoded(const unsigned char *der, size_t length)
{
    EVP_PKEY *key = NULL;
    OSSL_DECODER_CTX *decoder = OSSL_DECODER_CTX_new_for_pkey(&key, "DER", NULL, NULL, 0, NULL, NULL);

    MUST(decoder != NULL && OSSL_DECODER_CTX_set_passphrase(decoder, (const unsigned char *)password, strlen(password)) == 1);
    MUST(OSSL_DECODER_from_data(decoder, &der, &length) == 1);
    OSSL_DECODER_CTX_free(decoder);
    return key;
}

/* Writes the key and reads it again, as PEM and as DER. */
static void files(const struct subject *subject)
{
    unsigned char *der = NULL;
    const unsigned char *next;
    BIO *bio = BIO_new(BIO_s_mem());
    EVP_PKEY *again;
    int length;

    MUST(PEM_write_bio_PUBKEY(bio, subject->key) == 1);
    again = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    MUST(again != NULL && EVP_PKEY_eq(again, subject->key) == 1);
    EVP_PKEY_free(again);
    length = i2d_PUBKEY(subject->key, &der);
    next = der;
    again = d2i_PUBKEY(NULL, &next, length);
    MUST(again != NULL && EVP_PKEY_eq(again, subject->key) == 1 && next == der + length);
    EVP_PKEY_free(again);
    OPENSSL_free(der);

    MUST(PEM_write_bio_PrivateKey(bio, subject->key, NULL, NULL, 0, NULL, NULL) == 1);
    /* The password of a URI is not written. */
    again = PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)password);
    MUST(again != NULL && EVP_PKEY_eq(again, subject->key) == 1 && check(again, NULL, EVP_PKEY_private_check) == 1);
    EVP_PKEY_free(again);
    der = NULL;
    length = i2d_PrivateKey(subject->key, &der);
    next = der;
    MUST(length > 0);
    again = decoded(der, (size_t)length);
    MUST(again != NULL && EVP_PKEY_eq(again, subject->key) == 1);
    EVP_PKEY_free(again);
    again = d2i_AutoPrivateKey(NULL, &next, length);
    MUST(again != NULL ? EVP_PKEY_eq(again, subject->key) == 1 : *password != 0);
    EVP_PKEY_free(again);
    OPENSSL_free(der);
    ERR_clear_error();
    if (in_tpm(subject)) {
        MUST(PEM_write_bio_PrivateKey(bio, subject->key, EVP_aes_128_cbc(), NULL, 0, NULL, (void *)"word") != 1);
        MUST(says("without a cipher"));
        /* OpenSSL's old types have both halves or none. */
        MUST(subject->rsa ? EVP_PKEY_get0_RSA(subject->key) == NULL : EVP_PKEY_get0_EC_KEY(subject->key) == NULL);
    }
    ERR_clear_error();
    BIO_free(bio);
}
#endif
