/* A program that uses its own library context, and loads a configuration file for the default context later: own_context FILE.
 * Prints if the provider that the file activates is loaded. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <stdio.h>

int main(int count, char **words)
{
    OSSL_LIB_CTX *context = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *standard = OSSL_PROVIDER_load(context, "default"), *tpm2 = OSSL_PROVIDER_load(context, "tpm2");
    if (count != 2 || standard == NULL || tpm2 == NULL)
        return 2;
    EVP_MD_free(EVP_MD_fetch(context, "SHA2-256", NULL));
    /* No fetch of key management: for that OpenSSL 4.0 loads the configuration itself, whatever providers are loaded. */
    OSSL_STORE_LOADER_free(OSSL_STORE_LOADER_fetch(context, "handle", NULL));
    OPENSSL_INIT_SETTINGS *settings = OPENSSL_INIT_new();
    OPENSSL_INIT_set_config_filename(settings, words[1]);
    OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, settings);
    OPENSSL_INIT_free(settings);
    puts(OSSL_PROVIDER_available(NULL, "base") == 1 ? "its own configuration" : "another configuration");
    OSSL_PROVIDER_unload(tpm2);
    OSSL_PROVIDER_unload(standard);
    OSSL_LIB_CTX_free(context);
    return 0;
}
