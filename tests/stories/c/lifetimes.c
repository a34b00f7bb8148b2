/* Creates and frees providers, library contexts and keys in orders that programs use.
 *
 *   lifetimes contexts FILE        the same key in two library contexts at once, which are freed one after the other
 *   lifetimes reload FILE TIMES    loads the provider, uses a key and unloads the provider, TIMES times
 *   lifetimes provider-first FILE  unloads the provider and frees its context before the key and an unfinished signature
 *   lifetimes exit FILE            exits by exit(3) and frees nothing
 *   lifetimes cleanup FILE         frees the key, then everything with OPENSSL_cleanup
 *   lifetimes late FILE            frees the key, and a software key, in an exit handler that runs after OpenSSL's own */
#include "must.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <string.h>
#include <unistd.h>

struct context {
    OSSL_LIB_CTX *libctx;
    OSSL_PROVIDER *standard, *tpm2;
};

static struct context begin(void)
{
    struct context context = {OSSL_LIB_CTX_new(), NULL, NULL};

    context.tpm2 = OSSL_PROVIDER_load(context.libctx, "tpm2");
    context.standard = OSSL_PROVIDER_load(context.libctx, "default");
    MUST(context.tpm2 != NULL && context.standard != NULL);
    return context;
}

static void end(struct context *context)
{
    MUST(OSSL_PROVIDER_unload(context->tpm2) == 1 && OSSL_PROVIDER_unload(context->standard) == 1);
    OSSL_LIB_CTX_free(context->libctx);
}

static EVP_PKEY *load(const char *file, OSSL_LIB_CTX *libctx)
{
    BIO *bio = BIO_new_file(file, "r");
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey_ex(bio, NULL, NULL, NULL, libctx, NULL);

    BIO_free(bio);
    MUST(key != NULL);
    return key;
}

/* Signs with one key and verifies with the other. */
static void sign(EVP_PKEY *key, OSSL_LIB_CTX *here, EVP_PKEY *other, OSSL_LIB_CTX *there)
{
    unsigned char signature[1024];
    size_t length = sizeof signature;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    MUST(EVP_DigestSignInit_ex(ctx, NULL, "SHA256", here, NULL, key, NULL) == 1);
    MUST(EVP_DigestSign(ctx, signature, &length, (const unsigned char *)"message", 7) == 1);
    MUST(EVP_MD_CTX_reset(ctx) == 1);
    MUST(EVP_DigestVerifyInit_ex(ctx, NULL, "SHA256", there, NULL, other, NULL) == 1);
    MUST(EVP_DigestVerify(ctx, signature, length, (const unsigned char *)"message", 7) == 1);
    EVP_MD_CTX_free(ctx);
}

static void contexts(const char *file)
{
    struct context one = begin(), two = begin();
    EVP_PKEY *here = load(file, one.libctx), *there = load(file, two.libctx), *standard = load(file, NULL), *twin;

    MUST(EVP_PKEY_eq(here, there) == 1 && EVP_PKEY_eq(there, standard) == 1);
    for (int i = 0; i < 3; i++) {
        sign(here, one.libctx, there, two.libctx);
        sign(there, two.libctx, standard, NULL);
        sign(standard, NULL, here, one.libctx);
    }
    EVP_PKEY_free(standard);
    twin = EVP_PKEY_dup(here);
    EVP_PKEY_free(here);
    sign(twin, one.libctx, there, two.libctx);
    EVP_PKEY_free(twin);
    end(&one);
    /* The other context is not affected. */
    sign(there, two.libctx, there, two.libctx);
    EVP_PKEY_free(there);
    end(&two);
}

/* The resident memory of this process in bytes. */
static long resident(void)
{
    long total = 0, pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    MUST(file != NULL && fscanf(file, "%ld %ld", &total, &pages) == 2);
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

/* Prints by how many bytes the process has grown, measured after the first tenth of the rounds. */
static void reload(const char *file, int times)
{
    long settled = 0;

    for (int i = 0; i < times; i++) {
        struct context context = begin();

        /* The public half uses the provider's own software context, a signature the TPM. */
        if (i % 10 == 0) {
            EVP_PKEY *key = load(file, context.libctx);

            MUST(EVP_PKEY_get_size(key) > 0);
            if (i % 100 == 0)
                sign(key, context.libctx, key, context.libctx);
            EVP_PKEY_free(key);
        }
        end(&context);
        if (i == times / 10)
            settled = resident();
    }
    printf("%ld\n", resident() - settled);
}

static void provider_first(const char *file)
{
    struct context context = begin();
    EVP_PKEY *key = load(file, context.libctx);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    sign(key, context.libctx, key, context.libctx);
    MUST(EVP_DigestSignInit_ex(ctx, NULL, "SHA256", context.libctx, NULL, key, NULL) == 1);
    MUST(EVP_DigestSignUpdate(ctx, "message", 7) == 1);
    /* The keys and contexts keep the provider loaded. */
    MUST(OSSL_PROVIDER_unload(context.tpm2) == 1 && OSSL_PROVIDER_unload(context.standard) == 1);
    EVP_PKEY_free(key);
    EVP_MD_CTX_free(ctx);
    OSSL_LIB_CTX_free(context.libctx);
}

/* Reachable for the exit handler, and never freed otherwise. */
static EVP_PKEY *left, *software;

static void free_late(void)
{
    EVP_PKEY_free(left);
    EVP_PKEY_free(software);
}

int main(int count, char **arguments)
{
    const char *mode = arguments[1];

    MUST(count > 2);
    if (strcmp(mode, "contexts") == 0) {
        contexts(arguments[2]);
    } else if (strcmp(mode, "reload") == 0 && count == 4) {
        reload(arguments[2], atoi(arguments[3]));
    } else if (strcmp(mode, "provider-first") == 0) {
        provider_first(arguments[2]);
    } else {
        /* OpenSSL is not initialized yet, so its handler is registered later and runs earlier. */
        if (strcmp(mode, "late") == 0)
            atexit(free_late);
        left = load(arguments[2], NULL);
        sign(left, NULL, left, NULL);
        software = EVP_PKEY_Q_keygen(NULL, "tpm2.software=yes", "EC", "P-256");
        MUST(software != NULL);
        if (strcmp(mode, "cleanup") == 0) {
            free_late();
            OPENSSL_cleanup();
        }
    }
    return 0;
}
