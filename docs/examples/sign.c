/*
 * Signs stdin with a private key and writes the signature to stdout: sign KEY <FILE >SIGNATURE
 * KEY is a key file or a URI. Nothing in this program is specific to a TPM.
 */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/store.h>
#include <stdio.h>

/* Opens the first private key that KEY names. */
static EVP_PKEY *load(const char *uri)
{
    EVP_PKEY *key = NULL;
    OSSL_STORE_CTX *store = OSSL_STORE_open(uri, NULL, NULL, NULL, NULL);
    if (store == NULL)
        return NULL;
    OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY);
    while (key == NULL && !OSSL_STORE_eof(store)) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);
        if (info != NULL && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
            key = OSSL_STORE_INFO_get1_PKEY(info);
        OSSL_STORE_INFO_free(info);
    }
    OSSL_STORE_close(store);
    return key;
}

static int sign(EVP_PKEY *key, FILE *in, FILE *out)
{
    unsigned char data[4096], signature[1024];
    size_t length, size = sizeof signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int done = context != NULL && EVP_DigestSignInit_ex(context, NULL, "SHA256", NULL, NULL, key, NULL) == 1;
    while (done && (length = fread(data, 1, sizeof data, in)) > 0)
        done = EVP_DigestSignUpdate(context, data, length) == 1;
    done = done && !ferror(in) && EVP_DigestSignFinal(context, signature, &size) == 1;
    done = done && fwrite(signature, 1, size, out) == size && fflush(out) == 0;
    EVP_MD_CTX_free(context);
    return done;
}

int main(int argc, char **argv)
{
    EVP_PKEY *key;
    int done;
    if (argc != 2) {
        fprintf(stderr, "usage: sign KEY <FILE >SIGNATURE\n");
        return 2;
    }
    key = load(argv[1]);
    done = key != NULL && sign(key, stdin, stdout);
    if (!done)
        ERR_print_errors_fp(stderr);
    EVP_PKEY_free(key);
    return done ? 0 : 1;
}
