/* attach SCHEME FILE: opens the contents of a file with OSSL_STORE_attach(3ossl), prints the objects, one a line, and signs with the
 * keys. Fails if OpenSSL reports an error. */
#include "must.h"
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/store.h>
#include <string.h>

static void sign(EVP_PKEY *key)
{
    unsigned char signature[1024];
    size_t length = sizeof signature;
    EVP_MD_CTX *signing = EVP_MD_CTX_new(), *verifying = EVP_MD_CTX_new();

    MUST(EVP_DigestSignInit_ex(signing, NULL, "SHA256", NULL, NULL, key, NULL) == 1);
    MUST(EVP_DigestSign(signing, signature, &length, (const unsigned char *)"message", 7) == 1);
    MUST(EVP_DigestVerifyInit_ex(verifying, NULL, "SHA256", NULL, NULL, key, NULL) == 1);
    MUST(EVP_DigestVerify(verifying, signature, length, (const unsigned char *)"message", 7) == 1);
    EVP_MD_CTX_free(signing);
    EVP_MD_CTX_free(verifying);
}

int main(int count, char **arguments)
{
    BIO *bio = count == 3 ? BIO_new_file(arguments[2], "rb") : NULL;
    OSSL_STORE_CTX *store;

    MUST(bio != NULL);
    store = OSSL_STORE_attach(bio, arguments[1], NULL, NULL, NULL, NULL, NULL, NULL, NULL);
    MUST(store != NULL);
    while (!OSSL_STORE_eof(store)) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);

        MUST(info != NULL || !OSSL_STORE_error(store));
        if (info == NULL)
            continue;
        puts(OSSL_STORE_INFO_type_string(OSSL_STORE_INFO_get_type(info)));
        if (OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
            sign(OSSL_STORE_INFO_get0_PKEY(info));
        OSSL_STORE_INFO_free(info);
    }
    OSSL_STORE_close(store);
    BIO_free(bio);
    return 0;
}
