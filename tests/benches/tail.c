/* Measures how long signatures take that wait for each other and for other operations: tail KEY SECONDS BITS. Eight threads sign for
 * SECONDS seconds. With BITS, another thread makes the TPM create RSA keys all the time. Prints microseconds of the median, the 99th
 * percentile and the slowest signature, their number, and number and milliseconds of the key generations. */
#include "../stories/c/must.h"
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <time.h>

#define THREADS 8
#define MOST 100000

static EVP_PKEY *key;
static double end;
static int bits, generations;
static double generating;
struct signer { pthread_t thread; int count; double times[MOST]; };
static struct signer signers[THREADS];

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void *sign(void *argument)
{
    struct signer *signer = argument;
    while (now() < end && signer->count < MOST) {
        unsigned char signature[600];
        size_t size = sizeof signature;
        double start = now();
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        MUST(EVP_DigestSignInit_ex(context, NULL, "SHA256", NULL, NULL, key, NULL) == 1);
        MUST(EVP_DigestSign(context, signature, &size, (const unsigned char *)"m", 1) == 1);
        EVP_MD_CTX_free(context);
        signer->times[signer->count++] = now() - start;
    }
    return NULL;
}

static void *generate(void *argument)
{
    while (now() < end) {
        double start = now();
        EVP_PKEY *made = EVP_PKEY_Q_keygen(NULL, "provider=tpm2", "RSA", (size_t)bits);
        MUST(made != NULL);
        EVP_PKEY_free(made);
        generating += now() - start;
        generations++;
    }
    return argument;
}

static int smaller(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int count, char **words)
{
    static double all[THREADS * MOST];
    int total = 0;
    pthread_t generator;
    if (count != 4)
        return 2;
    BIO *bio = BIO_new_file(words[1], "r");
    MUST(bio != NULL && (key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL)) != NULL);
    BIO_free(bio);
    end = now();
    sign(&signers[0]);
    end = now() + atof(words[2]) * 1e6;
    bits = atoi(words[3]);
    if (bits != 0)
        MUST(pthread_create(&generator, NULL, generate, NULL) == 0);
    for (int i = 0; i < THREADS; i++)
        MUST(pthread_create(&signers[i].thread, NULL, sign, &signers[i]) == 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(signers[i].thread, NULL);
        for (int n = 0; n < signers[i].count; n++)
            all[total++] = signers[i].times[n];
    }
    if (bits != 0)
        pthread_join(generator, NULL);
    MUST(total > 0);
    qsort(all, (size_t)total, sizeof all[0], smaller);
    printf("%.0f %.0f %.0f %d %d %.0f\n", all[total / 2], all[total * 99L / 100], all[total - 1], total, generations,
           generations ? generating / generations / 1e3 : 0);
    EVP_PKEY_free(key);
    return 0;
}
