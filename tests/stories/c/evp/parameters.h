/* Tests every parameter of a key or a context. */
#ifndef PARAMETERS_H
#define PARAMETERS_H
#include "subject.h"
#include <openssl/objects.h>
#include <openssl/provider.h>
#include <strings.h>

/* Queries one parameter by its descriptor: without a buffer, with a buffer of the returned size, and with a smaller one. */
static size_t ask(const EVP_PKEY *key, const OSSL_PARAM *descriptor, unsigned char *value, size_t room)
{
    OSSL_PARAM params[2] = {*descriptor, OSSL_PARAM_construct_end()};
    size_t size;

    params[0].data = NULL;
    params[0].data_size = 0;
    params[0].return_size = OSSL_PARAM_UNMODIFIED;
    if (EVP_PKEY_get_params(key, params) != 1 || !OSSL_PARAM_modified(params)) {
        ERR_clear_error();
        return 0;
    }
    size = params[0].return_size;
    MUST(size + 1 < room);
    memset(value, 0xa5, room);
    params[0].data = value;
    /* Text ends with a NUL, which is not counted. */
    params[0].data_size = size + (descriptor->data_type == OSSL_PARAM_UTF8_STRING);
    params[0].return_size = OSSL_PARAM_UNMODIFIED;
    MUST(EVP_PKEY_get_params(key, params) == 1 && OSSL_PARAM_modified(params) && params[0].return_size == size);
    for (size_t i = params[0].data_size; i < room; i++)
        MUST(value[i] == 0xa5);
    /* OpenSSL 3.0 itself reads integers from smaller buffers. */
    if (size > 1 && descriptor->data_type != OSSL_PARAM_INTEGER) {
        unsigned char little[1] = {0xa5};

        params[0].data = little;
        params[0].data_size = 0;
        params[0].return_size = OSSL_PARAM_UNMODIFIED;
        EVP_PKEY_get_params(key, params);
        MUST(little[0] == 0xa5);
        ERR_clear_error();
    }
    return size;
}

/* Returns true if a parameter is returned into a large enough buffer: OpenSSL 3.0 does not return the size of an EC key's "priv". */
static int has(const EVP_PKEY *key, const OSSL_PARAM *descriptor)
{
    unsigned char value[1100];
    OSSL_PARAM params[2] = {*descriptor, OSSL_PARAM_construct_end()};
    int answered;

    params[0].data = value;
    params[0].data_size = sizeof(value);
    params[0].return_size = OSSL_PARAM_UNMODIFIED;
    answered = EVP_PKEY_get_params(key, params) == 1 && OSSL_PARAM_modified(params);
    OPENSSL_cleanse(value, sizeof(value));
    ERR_clear_error();
    return answered;
}

static int is_private(const char *name)
{
    return strcmp(name, "d") == 0 || strcmp(name, "priv") == 0 || strncmp(name, "rsa-", 4) == 0;
}

/* Parameters of keys with more than two primes. */
static int is_of_more_primes(const char *name)
{
    const char *number = name + strcspn(name, "0123456789");

    return strncmp(name, "rsa-", 4) == 0 && atoi(number) > (strstr(name, "coefficient") == NULL ? 2 : 1);
}

static void parameters(const struct subject *subject)
{
    const OSSL_PARAM *gettable = EVP_PKEY_gettable_params(subject->key), *settable = EVP_PKEY_settable_params(subject->key);
    unsigned char ours[1100], theirs[1100];
    size_t answered = 0;

    for (const OSSL_PARAM *next = gettable; next->key != NULL; next++) {
        size_t size = ask(subject->key, next, ours, sizeof(ours));

        if (is_private(next->key)) {
            MUST(has(subject->key, next) == (!in_tpm(subject) && !is_of_more_primes(next->key)));
            MUST(size == 0 || !in_tpm(subject));
            continue;
        }
        /* Each value equals that of the public half in another provider, except the digest that a TPM key may be fixed to. */
        if (strstr(next->key, "digest") == NULL) {
            MUST(ask(subject->there, next, theirs, sizeof(theirs)) == size);
            MUST(memcmp(ours, theirs, size) == 0);
        }
        answered += size != 0;
    }
    MUST(answered >= (subject->rsa ? 5 : 10));
    /* A settable parameter accepts the value that it has. */
    for (const OSSL_PARAM *next = settable; next != NULL && next->key != NULL; next++) {
        OSSL_PARAM params[2] = {*next, OSSL_PARAM_construct_end()};

        if (strcmp(next->key, "encoded-pub-key") == 0 || (params[0].data_size = ask(subject->key, next, ours, sizeof(ours))) == 0)
            continue;
        params[0].data = ours;
        MUST(EVP_PKEY_set_params(subject->key, params) == 1);
    }
    MUST(EVP_PKEY_get_bits(subject->key) == EVP_PKEY_get_bits(subject->there));
    MUST(EVP_PKEY_get_size(subject->key) == EVP_PKEY_get_size(subject->there));
    MUST(EVP_PKEY_get_security_bits(subject->key) == EVP_PKEY_get_security_bits(subject->there));
    MUST(EVP_PKEY_get0_description(subject->key) != NULL);
    MUST(strcmp(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(subject->key)), "tpm2") == 0);
    MUST(!EVP_PKEY_missing_parameters(subject->key) && EVP_PKEY_can_sign(subject->key) == 1);
    char name[80];
    size_t length;
    /* 2 means that the digest is mandatory, 1 that it is a default. */
    int number, answer = free_to_sign(subject) ? 1 : 2;
    MUST(EVP_PKEY_get_default_digest_name(subject->key, name, sizeof(name)) == answer);
    MUST(strcasecmp(name, hash) == 0 || (subject->pss && strcmp(name, "SHA2-256") == 0));
    MUST(EVP_PKEY_get_default_digest_nid(subject->key, &number) == answer && number == NID_sha256);
    MUST(EVP_PKEY_digestsign_supports_digest(subject->key, NULL, name, NULL) == 1);
    MUST(EVP_PKEY_digestsign_supports_digest(subject->key, NULL, "SHA384", NULL) == free_to_sign(subject));
    MUST(EVP_PKEY_digestsign_supports_digest(subject->key, NULL, "no such digest", NULL) != 1);
    if (!subject->rsa)
        MUST(EVP_PKEY_get_group_name(subject->key, name, sizeof(name), &length) == 1 && length == strlen(name));
    ERR_clear_error();
}

/* Reads every parameter of a context, and returns their total size. */
static size_t answers(EVP_PKEY_CTX *ctx)
{
    size_t answered = 0;

    for (const OSSL_PARAM *next = EVP_PKEY_CTX_gettable_params(ctx); next != NULL && next->key != NULL; next++) {
        OSSL_PARAM params[2] = {*next, OSSL_PARAM_construct_end()};
        unsigned char value[600];

        params[0].data = value;
        params[0].data_size = next->data_type == OSSL_PARAM_INTEGER ? sizeof(int) : next->data_size != 0 ? next->data_size : sizeof(value);
        params[0].return_size = OSSL_PARAM_UNMODIFIED;
        answered += EVP_PKEY_CTX_get_params(ctx, params) == 1 && OSSL_PARAM_modified(params);
    }
    MUST(EVP_PKEY_CTX_settable_params(ctx) != NULL);
    ERR_clear_error();
    return answered;
}
#endif
