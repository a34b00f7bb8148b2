/* Loads a provider beside the default provider that OpenSSL itself activates (OSSL_PROVIDER_try_load(3ossl)), as curl does, in a new
 * library context or in that of the process: fallback own|process [base]. Generates an EC key, which needs no TPM.
 * Prints the provider that generates random bytes. */
#include "must.h"
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <string.h>

int main(int argc, char **argv)
{
    OSSL_LIB_CTX *ctx = NULL;
    MUST(argc > 1);
    if (strcmp(argv[1], "own") == 0)
        MUST((ctx = OSSL_LIB_CTX_new()) != NULL);
    MUST(OSSL_PROVIDER_try_load(ctx, "tpm2", 1) != NULL);
    if (argc > 2)
        MUST(OSSL_PROVIDER_try_load(ctx, argv[2], 1) != NULL);
    EVP_PKEY *key = EVP_PKEY_Q_keygen(ctx, NULL, "EC", "P-256");
    MUST(key != NULL);
    EVP_PKEY_free(key);
    EVP_RAND *rand = EVP_RAND_fetch(ctx, "CTR-DRBG", NULL);
    MUST(rand != NULL);
    unsigned char bytes[16];
    MUST(RAND_bytes_ex(ctx, bytes, sizeof bytes, 0));
    puts(OSSL_PROVIDER_get0_name(EVP_RAND_get0_provider(rand)));
    EVP_RAND_free(rand);
    OSSL_LIB_CTX_free(ctx);
    return 0;
}
