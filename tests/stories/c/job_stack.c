/* Measures the stack that operations use inside an asynchronous job (ASYNC_start_job(3ossl)):
 *
 *   job_stack OPERATION KEY ...     OPERATION is sign, pss, decrypt or derive; with "!" before it, the operation must fail
 *
 * Prints a line "OPERATION KEY FIRST NEXT" for each pair: the bytes of the first operation and of the next one. A job's stack is a block
 * of 32 KiB from OPENSSL_malloc without a guard page, so what uses more overwrites the heap. The block is filled with a pattern when it is
 * allocated. */
#include <openssl/async.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

#include "must.h"

#define STACK 32768
#define PATTERN 0xA5

static unsigned char *stack;

static void *allocate(size_t size, const char *file, int line)
{
    void *block = malloc(size);
    if (size == STACK && block != NULL)
        stack = memset(block, PATTERN, size);
    return block;
}

static void *reallocate(void *block, size_t size, const char *file, int line)
{
    return realloc(block, size);
}

static void release(void *block, const char *file, int line)
{
    if (block == stack)
        stack = NULL;
    free(block);
}

/* Gives a wrong password to each key that has one. */
static int guess(char *buffer, int size, int writing, void *nothing)
{
    return snprintf(buffer, (size_t)size, "wrong");
}

static EVP_PKEY *load(const char *file)
{
    BIO *bio = BIO_new_file(file, "r");
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, guess, NULL);
    BIO_free(bio);
    MUST(key != NULL);
    return key;
}

/* The arguments of a job. ASYNC_start_job copies them. */
struct operation { const char *name; EVP_PKEY *key, *peer; };

static int sign(EVP_PKEY *key, int pss)
{
    static unsigned char signature[512];
    size_t size = sizeof signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;
    int done = EVP_DigestSignInit_ex(context, &options, "SHA256", NULL, NULL, key, NULL) > 0
               && (!pss || EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) > 0)
               && EVP_DigestSign(context, signature, &size, (const unsigned char *)"a message", 9) > 0;
    EVP_MD_CTX_free(context);
    return done;
}

static int decrypt(EVP_PKEY *key)
{
    static unsigned char sent[512], received[512];
    size_t sent_size = sizeof sent, size = sizeof received;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    int done = EVP_PKEY_encrypt_init(context) > 0 && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) > 0
               && EVP_PKEY_encrypt(context, sent, &sent_size, (const unsigned char *)"a secret", 8) > 0
               && EVP_PKEY_decrypt_init(context) > 0 && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) > 0
               && EVP_PKEY_decrypt(context, received, &size, sent, sent_size) > 0 && size == 8;
    EVP_PKEY_CTX_free(context);
    return done;
}

static int derive(EVP_PKEY *key, EVP_PKEY *peer)
{
    static unsigned char secret[128];
    size_t size = sizeof secret;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    int done = EVP_PKEY_derive_init(context) > 0 && EVP_PKEY_derive_set_peer(context, peer) > 0
               && EVP_PKEY_derive(context, secret, &size) > 0;
    EVP_PKEY_CTX_free(context);
    return done;
}

static int run(void *argument)
{
    struct operation *operation = argument;
    if (strcmp(operation->name, "decrypt") == 0)
        return decrypt(operation->key);
    if (strcmp(operation->name, "derive") == 0)
        return derive(operation->key, operation->peer);
    return sign(operation->key, strcmp(operation->name, "pss") == 0);
}

/* Runs one operation in a new job, and returns the bytes of stack that were used. */
static size_t measure(struct operation *operation, int succeeds)
{
    ASYNC_JOB *job = NULL;
    ASYNC_WAIT_CTX *wait = ASYNC_WAIT_CTX_new();
    int status, done = 0;
    do {
        status = ASYNC_start_job(&job, wait, &done, run, operation, sizeof *operation);
    } while (status == ASYNC_PAUSE);
    MUST(status == ASYNC_FINISH && done == succeeds && stack != NULL);
    ERR_clear_error();
    size_t free = 0;
    while (free < STACK && stack[free] == PATTERN)
        free++;
    ASYNC_WAIT_CTX_free(wait);
    /* Frees the stack, so that the next job allocates a new one. */
    ASYNC_cleanup_thread();
    return STACK - free;
}

int main(int count, char **words)
{
    MUST(CRYPTO_set_mem_functions(allocate, reallocate, release) == 1 && ASYNC_is_capable());
    MUST(OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) == 1);
    for (int i = 1; i + 1 < count; i += 2) {
        struct operation operation = { .name = words[i], .key = load(words[i + 1]) };
        int succeeds = operation.name[0] != '!';
        if (!succeeds)
            operation.name++;
        char group[32];
        if (strcmp(operation.name, "derive") == 0)
            MUST(EVP_PKEY_get_group_name(operation.key, group, sizeof group, NULL) == 1
                 && (operation.peer = EVP_PKEY_Q_keygen(NULL, NULL, "EC", group)) != NULL);
        size_t first = measure(&operation, succeeds);
        printf("%s %s %zu %zu\n", words[i], words[i + 1], first, measure(&operation, succeeds));
        fflush(stdout);
        EVP_PKEY_free(operation.peer);
        EVP_PKEY_free(operation.key);
    }
    return 0;
}
