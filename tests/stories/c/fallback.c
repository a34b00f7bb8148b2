/* Loads a provider beside the default provider that OpenSSL itself activates (OSSL_PROVIDER_try_load(3ossl)), as curl does: fallback
 * [base].
 * Prints the provider that generates random bytes. */
#include "must.h"
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/rand.h>

int main(int argc, char **argv)
{
    OSSL_LIB_CTX *ctx = OSSL_LIB_CTX_new();
    MUST(ctx != NULL && OSSL_PROVIDER_try_load(ctx, "tpm2", 1) != NULL);
    if (argc > 1)
        MUST(OSSL_PROVIDER_try_load(ctx, argv[1], 1) != NULL);
    EVP_RAND *rand = EVP_RAND_fetch(ctx, "CTR-DRBG", NULL);
    MUST(rand != NULL);
    unsigned char bytes[16];
    MUST(RAND_bytes_ex(ctx, bytes, sizeof bytes, 0));
    puts(OSSL_PROVIDER_get0_name(EVP_RAND_get0_provider(rand)));
    EVP_RAND_free(rand);
    OSSL_LIB_CTX_free(ctx);
    return 0;
}
