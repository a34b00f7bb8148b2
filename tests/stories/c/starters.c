/* Loads a key in many threads at once, as the first action of a process: starters KEY. Exits with 0 if each thread has it. */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <pthread.h>

#define THREADS 8

static pthread_barrier_t together;

static void *open_key(void *file)
{
    BIO *bio = BIO_new_file(file, "r");
    pthread_barrier_wait(&together);
    EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    if (key == NULL)
        ERR_print_errors_fp(stderr);
    BIO_free(bio);
    return key;
}

int main(int count, char **words)
{
    pthread_t threads[THREADS];
    int missing = 0;
    if (count != 2 || OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) != 1)
        return 2;
    pthread_barrier_init(&together, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, open_key, words[1]) != 0)
            return 2;
    for (int i = 0; i < THREADS; i++) {
        void *key = NULL;
        pthread_join(threads[i], &key);
        missing += key == NULL;
        EVP_PKEY_free(key);
    }
    return missing != 0;
}
