/* The key under test, and the context that gives the expected results. */
#ifndef SUBJECT_H
#define SUBJECT_H
#include "../load.h"
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/store.h>
#include <string.h>

enum kind {
    OF_TPM, /* supports every operation of its type */
    FIXED, /* signs with one scheme and digest */
    RESTRICTED, /* the same, and only what the TPM hashed itself */
    SOFTWARE, /* a software key in tpm2 */
};

struct subject {
    EVP_PKEY *key;
    EVP_PKEY *there; /* its public half in the other context */
    int rsa, pss;
    enum kind kind;
};

/* The password in the key's URI. */
static const char *password = "";
/* A library context without tpm2. */
static OSSL_LIB_CTX *clean;
/* The digest of all signatures, to which the fixed keys are fixed. */
static const char hash[] = "SHA256";
static const unsigned char text[] = "a message of some length, signed in parts";

static int in_tpm(const struct subject *subject)
{
    return subject->kind != SOFTWARE;
}

static int free_to_sign(const struct subject *subject)
{
    return subject->kind == OF_TPM || subject->kind == SOFTWARE;
}

/* Checks the error that was raised last, which must come from tpm2, and empties the queue. */
static int says(const char *part)
{
    const char *data = "";
    int flags = 0;
    unsigned long code, found = 0;

    while ((code = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) != 0)
        found |= (unsigned long)(ERR_lib_error_string(code) != NULL && strcmp(ERR_lib_error_string(code), "tpm2") == 0
                                 && (flags & ERR_TXT_STRING) && strstr(data, part) != NULL);
    if (!found)
        fprintf(stderr, "no error contains: %s\n", part);
    return found != 0;
}

/* Copies the key to another library context or provider, through parameters. */
static EVP_PKEY *copy(const EVP_PKEY *key, int selection, OSSL_LIB_CTX *to, const char *properties)
{
    OSSL_PARAM *params = NULL;
    EVP_PKEY *other = NULL;

    MUST(EVP_PKEY_todata(key, selection, &params) == 1);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(to, EVP_PKEY_get0_type_name(key), properties);
    MUST(ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 && EVP_PKEY_fromdata(ctx, &other, selection, params) == 1);
    MUST(EVP_PKEY_fromdata_settable(ctx, selection) != NULL);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return other;
}
#endif
