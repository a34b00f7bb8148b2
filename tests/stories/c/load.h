/* Loads keys by URI. */
#ifndef LOAD_H
#define LOAD_H
#include "must.h"
#include <openssl/store.h>

/* Returns the key of a file or another URI. */
static EVP_PKEY *load(const char *uri, OSSL_LIB_CTX *libctx)
{
    OSSL_STORE_CTX *store = OSSL_STORE_open_ex(uri, libctx, NULL, NULL, NULL, NULL, NULL, NULL);
    EVP_PKEY *key = NULL;

    while (store != NULL && key == NULL && !OSSL_STORE_eof(store)) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);

        key = info == NULL ? NULL : OSSL_STORE_INFO_get1_PKEY(info);
        OSSL_STORE_INFO_free(info);
    }
    OSSL_STORE_close(store);
    MUST(key != NULL);
    return key;
}
#endif
