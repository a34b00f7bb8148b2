/* The TPM's generator through EVP_RAND(3ossl): random. Prints one line for each call that works, and ends with 1 at the first failure. */
#include "must.h"
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LENGTH = 200000, SHARES = 8 };

static EVP_RAND_CTX *generator;

static unsigned int strength(EVP_RAND_CTX *ctx)
{
    unsigned int bits = 0;
    OSSL_PARAM params[] = { OSSL_PARAM_construct_uint(OSSL_RAND_PARAM_STRENGTH, &bits), OSSL_PARAM_END };
    MUST(EVP_RAND_CTX_get_params(ctx, params));
    return bits;
}

static void draw(EVP_RAND_CTX *ctx)
{
    static const unsigned char zeros[64];
    unsigned char one[64] = { 0 }, other[64] = { 0 };
    MUST(EVP_RAND_generate(ctx, one, sizeof one, 0, 0, NULL, 0));
    MUST(EVP_RAND_generate(ctx, other, sizeof other, 256, 1, one, sizeof one));
    MUST(memcmp(one, other, sizeof one) != 0 && memcmp(one, zeros, sizeof one) != 0 && memcmp(other, zeros, sizeof one) != 0);
}

static void *share(void *unused)
{
    draw(generator);
    return unused;
}

int main(void)
{
    EVP_RAND *rand = EVP_RAND_fetch(NULL, "TPM2-RAND", NULL);
    MUST(rand != NULL && EVP_RAND_is_a(rand, "TPM2-SEED-SRC"));
    generator = EVP_RAND_CTX_new(rand, NULL);
    MUST(generator != NULL && EVP_RAND_get_state(generator) == EVP_RAND_STATE_UNINITIALISED);
    unsigned char byte;
    MUST(!EVP_RAND_generate(generator, &byte, 1, 0, 0, NULL, 0));
    MUST(!EVP_RAND_instantiate(generator, 257, 0, NULL, 0, NULL));
    MUST(EVP_RAND_instantiate(generator, 128, 0, NULL, 0, NULL));
    MUST(EVP_RAND_get_state(generator) == EVP_RAND_STATE_READY && strength(generator) == 256);
    MUST(EVP_RAND_enable_locking(generator));
    puts("state");

    unsigned char *bytes = calloc(1, LENGTH);
    MUST(bytes != NULL && EVP_RAND_generate(generator, bytes, 1000, 0, 0, NULL, 0));
    MUST(EVP_RAND_generate(generator, bytes, LENGTH, 0, 0, NULL, 0));
    /* So many bytes contain every value, at the end of the buffer as at its beginning. */
    for (int half = 0; half < 2; half++) {
        int seen[256] = { 0 };
        for (int i = 0; i < LENGTH / 2; i++)
            seen[bytes[half * LENGTH / 2 + i]]++;
        for (int value = 0; value < 256; value++)
            MUST(seen[value] > 0);
    }
    puts("length");

    EVP_RAND *drbg = EVP_RAND_fetch(NULL, "CTR-DRBG", "provider=default");
    EVP_RAND_CTX *child = EVP_RAND_CTX_new(drbg, generator);
    char cipher[] = "AES-256-CTR";
    OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_DRBG_PARAM_CIPHER, cipher, 0), OSSL_PARAM_END };
    MUST(child != NULL && EVP_RAND_instantiate(child, 256, 0, NULL, 0, params));
    draw(child);
    MUST(EVP_RAND_reseed(child, 1, NULL, 0, NULL, 0));
    draw(child);
    puts("seed");

    pthread_t threads[SHARES];
    for (int i = 0; i < SHARES; i++)
        MUST(pthread_create(&threads[i], NULL, share, NULL) == 0);
    for (int i = 0; i < SHARES; i++)
        MUST(pthread_join(threads[i], NULL) == 0);
    puts("threads");
    fflush(stdout);

    for (int i = 0; i < SHARES; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            draw(generator);
            draw(child);
            exit(0);
        }
        int status = 1;
        draw(generator);
        MUST(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
    }
    puts("forks");

    MUST(EVP_RAND_uninstantiate(generator) && !EVP_RAND_generate(generator, &byte, 1, 0, 0, NULL, 0));
    EVP_RAND_CTX_free(child);
    EVP_RAND_CTX_free(generator);
    EVP_RAND_free(drbg);
    EVP_RAND_free(rand);
    free(bytes);
    puts("end");
    return 0;
}
