/* Reports the calls; the data that the calls use. */
#ifndef SAY_H
#define SAY_H
#include "../load.h"
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <openssl/store.h>
#include <string.h>

/* The type of the key. */
static int rsa, pss;
/* The message, plaintext or digest. */
static const unsigned char text[64] = "a message of some length, signed in parts";
/* The buffer for results, and the length of a result. */
static unsigned char out[4096];
static size_t length;

/* Prints what the following calls have in common. */
#define HEAD(...) (printf("# " __VA_ARGS__), printf("\n"))
/* Prints a call, its result, and the number of errors that it left. */
#define SAY(call) (ERR_clear_error(), say(#call, (long)(call)))
/* The same for a call that returns a pointer. */
#define HAS(call) (ERR_clear_error(), say(#call, (call) != NULL))
/* Prints what a call returned. */
#define NUMBER(number) printf("    %s: %ld\n", #number, (long)(number))
#define WORDS(words) printf("    %s: %s\n", #words, (words) == NULL ? "-" : (words))

static long say(const char *call, long result)
{
    int errors = 0;

    while (ERR_get_error() != 0)
        errors++;
    printf("%s = %ld, errors %d\n", call, result, errors);
    fflush(stdout);
    return result;
}

/* A size that is large enough. */
static size_t *room(void)
{
    length = sizeof out;
    return &length;
}

/* Prints the names of parameters. */
static void names(const char *what, const OSSL_PARAM *params)
{
    printf("    %s:", what);
    for (; params != NULL && params->key != NULL; params++)
        printf(" %s", params->key);
    printf("\n");
}

/* Returns a text parameter of a context. */
static const char *option(EVP_PKEY_CTX *ctx, const char *name)
{
    static char value[80];
    OSSL_PARAM params[] = {OSSL_PARAM_utf8_string(name, value, sizeof value - 1), OSSL_PARAM_END};

    memset(value, 0, sizeof value);
    return EVP_PKEY_CTX_get_params(ctx, params) == 1 && OSSL_PARAM_modified(params) ? value : NULL;
}

/* Sets a text parameter of a context. */
static int set(EVP_PKEY_CTX *ctx, const char *name, const char *value)
{
    OSSL_PARAM params[] = {OSSL_PARAM_utf8_string(name, (char *)value, 0), OSSL_PARAM_END};

    return EVP_PKEY_CTX_set_params(ctx, params);
}
#endif
