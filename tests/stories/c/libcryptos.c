/* libcryptos KEY LIBCRYPTO ...: several libcryptos in one process sign with the same key file, one after another, each with its own tpm2.
 * LIBCRYPTO is a path, or "linked": the one that is linked into this program (compiled with -DLINKED). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FUNCTIONS(X) \
    X(OpenSSL_version) X(ERR_print_errors_fp) X(OSSL_LIB_CTX_new) X(OSSL_LIB_CTX_free) X(OSSL_PROVIDER_load) \
    X(OSSL_PROVIDER_unload) X(BIO_new_file) X(BIO_free) X(PEM_read_bio_PrivateKey_ex) X(EVP_PKEY_free) X(EVP_MD_CTX_new) \
    X(EVP_MD_CTX_free) X(EVP_DigestSignInit_ex) X(EVP_DigestSign) X(EVP_DigestVerifyInit_ex) X(EVP_DigestVerify)

struct libcrypto {
#define FIELD(name) __typeof__(name) *name;
    FUNCTIONS(FIELD)
    OSSL_LIB_CTX *context;
    OSSL_PROVIDER *providers[2];
    EVP_PKEY *key;
};

static struct libcrypto find(const char *path)
{
    struct libcrypto l = { 0 };
    if (strcmp(path, "linked") == 0) {
#ifdef LINKED
#define TAKE(name) l.name = name;
        FUNCTIONS(TAKE)
#endif
        return l;
    }
    void *library = dlopen(path, RTLD_NOW | (getenv("GLOBAL") ? RTLD_GLOBAL : RTLD_LOCAL));
    if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(2);
    }
#define LOOK(name) l.name = (__typeof__(name) *)dlsym(library, #name);
    FUNCTIONS(LOOK)
    return l;
}

static void must(struct libcrypto *l, int ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "%s: %s failed\n", l->OpenSSL_version(OPENSSL_VERSION), what);
    l->ERR_print_errors_fp(stderr);
    exit(1);
}

static void open_key(struct libcrypto *l, const char *file)
{
    must(l, (l->context = l->OSSL_LIB_CTX_new()) != NULL, "a context");
    must(l, (l->providers[0] = l->OSSL_PROVIDER_load(l->context, "default")) != NULL, "default");
    must(l, (l->providers[1] = l->OSSL_PROVIDER_load(l->context, "tpm2")) != NULL, "tpm2");
    BIO *bio = l->BIO_new_file(file, "r");
    must(l, (l->key = l->PEM_read_bio_PrivateKey_ex(bio, NULL, NULL, NULL, l->context, NULL)) != NULL, file);
    l->BIO_free(bio);
}

static void sign(struct libcrypto *l)
{
    unsigned char signature[512], message[] = "message";
    size_t size = sizeof(signature);
    EVP_MD_CTX *ctx = l->EVP_MD_CTX_new();
    must(l, l->EVP_DigestSignInit_ex(ctx, NULL, "SHA2-256", l->context, NULL, l->key, NULL) == 1, "the begin of a signature");
    must(l, l->EVP_DigestSign(ctx, signature, &size, message, sizeof(message)) == 1, "a signature");
    l->EVP_MD_CTX_free(ctx);
    ctx = l->EVP_MD_CTX_new();
    must(l, l->EVP_DigestVerifyInit_ex(ctx, NULL, "SHA2-256", l->context, NULL, l->key, NULL) == 1, "the begin of a verification");
    must(l, l->EVP_DigestVerify(ctx, signature, size, message, sizeof(message)) == 1, "the verification");
    l->EVP_MD_CTX_free(ctx);
}

int main(int argc, char **argv)
{
    int count = argc - 2;
    struct libcrypto *all = calloc(count, sizeof(*all));
    for (int i = 0; i < count; i++)
        all[i] = find(argv[i + 2]);
    for (int i = 0; i < count; i++)
        open_key(&all[i], argv[1]);
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < count; i++)
            sign(&all[i]);
    for (int i = 0; i < count; i++) {
        struct libcrypto *l = &all[i];
        l->EVP_PKEY_free(l->key);
        l->OSSL_PROVIDER_unload(l->providers[1]);
        l->OSSL_PROVIDER_unload(l->providers[0]);
        l->OSSL_LIB_CTX_free(l->context);
        if (i + 1 < count)
            sign(&all[i + 1]);
        printf("%s signed\n", l->OpenSSL_version(OPENSSL_VERSION));
    }
    free(all);
    return 0;
}
