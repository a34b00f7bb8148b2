/* A process that loads and unloads providers: the provider of a plain key generation follows what is loaded at that moment.
 *
 *   come_and_go turns ROUNDS     one thread
 *   come_and_go threads ROUNDS   one thread loads and unloads default, others generate: each key is a software key or a TPM key */
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "must.h"

static OSSL_LIB_CTX *context;
static atomic_int done;

static EVP_PKEY *generate(void)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(context, NULL, "EC", "P-256");
    MUST(key != NULL);
    return key;
}

/* Software keys come from `default`, or from the software of tpm2; only the private half of a TPM key cannot be exported. */
static int is_software(EVP_PKEY *key)
{
    BIGNUM *number = NULL;
    ERR_set_mark();
    int has = EVP_PKEY_get_bn_param(key, "priv", &number);
    ERR_pop_to_mark();
    BN_clear_free(number);
    return has;
}

static void expect(int software)
{
    EVP_PKEY *key = generate();
    MUST(is_software(key) == software);
    EVP_PKEY_free(key);
}

static void turn(void)
{
    context = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *tpm2 = OSSL_PROVIDER_load(context, "tpm2"), *base, *usual;
    MUST(tpm2 != NULL);
    expect(0);
    MUST((base = OSSL_PROVIDER_load(context, "base")) != NULL);
    expect(0);
    MUST((usual = OSSL_PROVIDER_load(context, "default")) != NULL);
    expect(1);
    MUST(OSSL_PROVIDER_unload(usual) == 1);
    expect(0);
    MUST((usual = OSSL_PROVIDER_load(context, "default")) != NULL);
    expect(1);
    EVP_PKEY *late = generate();
    MUST(OSSL_PROVIDER_unload(usual) == 1 && OSSL_PROVIDER_unload(tpm2) == 1 && OSSL_PROVIDER_unload(base) == 1);
    EVP_PKEY_free(late);
    OSSL_LIB_CTX_free(context);
}

static void *keep_generating(void *nothing)
{
    while (!atomic_load(&done))
        EVP_PKEY_free(generate());
    return nothing;
}

static void threads(int rounds)
{
    pthread_t all[3];
    context = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *tpm2 = OSSL_PROVIDER_load(context, "tpm2"), *usual;
    MUST(tpm2 != NULL);
    for (size_t i = 0; i < 3; i++)
        MUST(pthread_create(&all[i], NULL, keep_generating, NULL) == 0);
    for (int i = 0; i < rounds; i++) {
        MUST((usual = OSSL_PROVIDER_load(context, "default")) != NULL);
        EVP_PKEY_free(generate());
        MUST(OSSL_PROVIDER_unload(usual) == 1);
    }
    atomic_store(&done, 1);
    for (size_t i = 0; i < 3; i++)
        MUST(pthread_join(all[i], NULL) == 0);
    MUST(OSSL_PROVIDER_unload(tpm2) == 1);
    OSSL_LIB_CTX_free(context);
}

int main(int count, char **words)
{
    MUST(count == 3);
    int rounds = atoi(words[2]);
    if (strcmp(words[1], "threads") == 0)
        threads(rounds);
    else
        for (int i = 0; i < rounds; i++)
            turn();
    return 0;
}
