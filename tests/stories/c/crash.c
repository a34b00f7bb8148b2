/* Loads a key with the password in a file, signs, and aborts: crash KEY PASSWORD-FILE CONTROL-FILE. KEY is a file, or a URI that names
 * the password itself. The program itself keeps no copy of the password; the contents of CONTROL-FILE stay in memory. */
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/store.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "must.h"

static int read_file(const char *path, char *buffer, int size)
{
    int file = open(path, O_RDONLY);
    int length = (int)read(file, buffer, (size_t)size);
    close(file);
    return length;
}

static int password(char *buffer, int size, int writing, void *path)
{
    return read_file(path, buffer, size);
}

static EVP_PKEY *open_uri(const char *uri)
{
    OSSL_STORE_CTX *store = OSSL_STORE_open(uri, NULL, NULL, NULL, NULL);
    MUST(store != NULL);
    OSSL_STORE_INFO *info = OSSL_STORE_load(store);
    MUST(info != NULL);
    EVP_PKEY *key = OSSL_STORE_INFO_get1_PKEY(info);
    OSSL_STORE_INFO_free(info);
    OSSL_STORE_close(store);
    return key;
}

static EVP_PKEY *open_file(const char *path, char *password_file)
{
    BIO *bio = BIO_new_file(path, "r");
    MUST(bio != NULL);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, password, password_file);
    BIO_free(bio);
    return key;
}

int main(int argc, char **argv)
{
    unsigned char signature[1024];
    size_t size = sizeof signature;
    char *control = malloc(256);
    MUST(argc == 4 && control != NULL && read_file(argv[3], control, 256) > 0);
    EVP_PKEY *key = strchr(argv[1], ':') != NULL ? open_uri(argv[1]) : open_file(argv[1], argv[2]);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    MUST(key != NULL && ctx != NULL);
    MUST(EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, key, NULL) == 1);
    MUST(EVP_DigestSign(ctx, signature, &size, (const unsigned char *)"message", 7) == 1);
    abort();
}
