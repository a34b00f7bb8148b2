/* Fetches every algorithm of tpm2 by each of its names, and prints one line for each row: OPERATION NAME.
 *
 *   registry [PROPERTY]   each row must have this property, too
 *
 * OpenSSL silently drops a row whose functions are inconsistent; here that is an error. */
#include "must.h"
#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/decoder.h>
#include <openssl/encoder.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <string.h>

/* The provider and the description that a fetch by this name returned. */
struct found {
    const OSSL_PROVIDER *provider;
    const char *description;
    int is_a;
};

#define FETCH(TYPE, name, properties, found)                                                                                  \
    do {                                                                                                                      \
        TYPE *algorithm = TYPE##_fetch(NULL, name, properties);                                                               \
        if (algorithm != NULL) {                                                                                              \
            (found)->provider = TYPE##_get0_provider(algorithm);                                                              \
            (found)->description = TYPE##_get0_description(algorithm);                                                        \
            (found)->is_a = TYPE##_is_a(algorithm, name);                                                                     \
            TYPE##_free(algorithm);                                                                                           \
        }                                                                                                                     \
    } while (0)

static const char *fetch(int operation, const char *name, const char *properties, struct found *found)
{
    switch (operation) {
    case OSSL_OP_KEYMGMT:
        FETCH(EVP_KEYMGMT, name, properties, found);
        return "KEYMGMT";
    case OSSL_OP_KEYEXCH:
        FETCH(EVP_KEYEXCH, name, properties, found);
        return "KEYEXCH";
    case OSSL_OP_SIGNATURE:
        FETCH(EVP_SIGNATURE, name, properties, found);
        return "SIGNATURE";
    case OSSL_OP_ASYM_CIPHER:
        FETCH(EVP_ASYM_CIPHER, name, properties, found);
        return "ASYM_CIPHER";
    case OSSL_OP_ENCODER:
        FETCH(OSSL_ENCODER, name, properties, found);
        return "ENCODER";
    case OSSL_OP_DECODER:
        FETCH(OSSL_DECODER, name, properties, found);
        return "DECODER";
    case OSSL_OP_RAND:
        FETCH(EVP_RAND, name, properties, found);
        return "RAND";
    case OSSL_OP_STORE:
        FETCH(OSSL_STORE_LOADER, name, properties, found);
        return "STORE";
    default:
        return NULL;
    }
}

static void row(const OSSL_PROVIDER *provider, int operation, const OSSL_ALGORITHM *algorithm, const char *property)
{
    char names[200], *rest = names;
    const char *kind = NULL;

    MUST(strlen(algorithm->algorithm_names) < sizeof(names));
    strcpy(names, algorithm->algorithm_names);
    /* The random generator is fetched by name only, and has no other property. */
    if (operation == OSSL_OP_RAND && *property != '\0')
        return;
    if (strstr(algorithm->property_definition, property) == NULL)
        fprintf(stderr, "%s (%s) does not say %s\n", names, algorithm->property_definition, property);
    MUST(strstr(algorithm->property_definition, property) != NULL);
    for (char *name; (name = strtok_r(rest, ":", &rest)) != NULL;) {
        struct found found = {NULL, NULL, 0};

        kind = fetch(operation, name, algorithm->property_definition, &found);
        if (found.provider != provider || !found.is_a || strcmp(found.description, algorithm->algorithm_description) != 0)
            fprintf(stderr, "%s %s (%s) was not found\n", kind, name, algorithm->property_definition);
        MUST(found.provider == provider && found.is_a && strcmp(found.description, algorithm->algorithm_description) == 0);
    }
    MUST(kind != NULL);
    printf("%s %s\n", kind, names);
}

int main(int count, char **arguments)
{
    OSSL_PROVIDER *provider = OSSL_PROVIDER_load(NULL, "tpm2");
    int no_store;

    MUST(provider != NULL);
    for (int operation = 0; operation < 64; operation++) {
        const OSSL_ALGORITHM *algorithm = OSSL_PROVIDER_query_operation(provider, operation, &no_store);

        for (const OSSL_ALGORITHM *next = algorithm; next != NULL && next->algorithm_names != NULL; next++)
            row(provider, operation, next, count > 1 ? arguments[1] : "");
        if (algorithm != NULL)
            OSSL_PROVIDER_unquery_operation(provider, operation, algorithm);
    }
    MUST(ERR_peek_error() == 0);
    OSSL_PROVIDER_unload(provider);
    return 0;
}
