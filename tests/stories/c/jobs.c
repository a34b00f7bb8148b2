/* Several asynchronous jobs on one thread (ASYNC_start_job(3ossl)), like a server with an event loop:
 *
 *   jobs MODE OPERATION KEY JOBS ROUNDS [PASSWORD]   OPERATION: sign, digest (EVP_PKEY_sign), pss, decrypt, derive
 *
 * Each job does the operation ROUNDS times and checks the result. MODE:
 *
 *   together    waits with poll(2) for the descriptors of all jobs
 *   early       never waits, but continues every job again and again
 *   shared      all jobs have the same wait context
 *   callback    waits until the callback of the wait context is called, and never for a descriptor
 *   blocked     the jobs block pauses (ASYNC_block_pause(3ossl))
 *   abandon     starts the jobs, frees their wait contexts during the operation, and then works as together
 *   fork        forks during the operations: the child finds that they are not its own, and works as together; so does the parent
 *   unload      ROUNDS times: loads the provider into a new library context, starts the jobs, and unloads it during their operations
 *   exit        starts the jobs and exits during the operations
 *   outside     no jobs: the operations run in the thread itself
 *
 * Prints "ok DONE PAUSES THREADS": the operations that succeeded, how often a job was paused, and the largest number of threads of the
 * process. For operations that failed, prints "failed COUNT" and the errors of the last one before that. */
#define _GNU_SOURCE
#include "answers.h"
#include "must.h"
#include <openssl/async.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define JOBS 4096

struct job { ASYNC_JOB *job; ASYNC_WAIT_CTX *wait; int started, ended, called; };
/* What a job gets: ASYNC_start_job copies it. */
struct work { const char *mode, *operation; int rounds; };

static struct job jobs[JOBS];
static EVP_PKEY *key, *peer;
static const char *password;
static long done, failed, pauses, most_threads;
static char last_error[LINE];
static pthread_t own;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t called = PTHREAD_COND_INITIALIZER;

static long threads(void)
{
    long count = 0;
    DIR *folder = opendir("/proc/self/task");
    MUST(folder != NULL);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

static void count_threads(void)
{
    long now = threads();
    if (now > most_threads)
        most_threads = now;
}

static int give_password(char *buffer, int size, int writing, void *nothing)
{
    return password == NULL ? -1 : snprintf(buffer, (size_t)size, "%s", password);
}

static void load_key(const char *file)
{
    BIO *bio = BIO_new_file(file, "r");
    MUST(bio != NULL && (key = PEM_read_bio_PrivateKey(bio, NULL, give_password, NULL)) != NULL);
    BIO_free(bio);
}

static int sign(int pss)
{
    unsigned char signature[1024];
    size_t size = sizeof signature;
    const unsigned char *message = (const unsigned char *)"what is signed";
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;
    int ok = EVP_DigestSignInit_ex(context, &options, "SHA256", NULL, NULL, key, NULL) > 0
             && (!pss || EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) > 0)
             && EVP_DigestSign(context, signature, &size, message, 14) > 0;
    EVP_MD_CTX_free(context);
    if (!ok)
        return 0;
    context = EVP_MD_CTX_new();
    MUST(EVP_DigestVerifyInit_ex(context, &options, "SHA256", NULL, NULL, key, NULL) > 0
         && (!pss || EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) > 0)
         && EVP_DigestVerify(context, signature, size, message, 14) == 1);
    EVP_MD_CTX_free(context);
    return 1;
}

static int sign_digest(void)
{
    unsigned char signature[1024], digest[32] = { 1, 2, 3 };
    size_t size = sizeof signature;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    int ok = EVP_PKEY_sign_init(context) > 0 && EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) > 0
             && EVP_PKEY_sign(context, signature, &size, digest, sizeof digest) > 0;
    MUST(!ok || (EVP_PKEY_verify_init(context) > 0 && EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) > 0
                 && EVP_PKEY_verify(context, signature, size, digest, sizeof digest) == 1));
    EVP_PKEY_CTX_free(context);
    return ok;
}

static int decrypt(void)
{
    unsigned char sent[1024], received[1024];
    size_t sent_size = sizeof sent, size = sizeof received;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    MUST(EVP_PKEY_encrypt_init(context) > 0 && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) > 0
         && EVP_PKEY_encrypt(context, sent, &sent_size, (const unsigned char *)"a secret", 8) > 0);
    int ok = EVP_PKEY_decrypt_init(context) > 0 && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) > 0
             && EVP_PKEY_decrypt(context, received, &size, sent, sent_size) > 0;
    MUST(!ok || (size == 8 && memcmp(received, "a secret", 8) == 0));
    EVP_PKEY_CTX_free(context);
    return ok;
}

static int derive_with(EVP_PKEY *private, EVP_PKEY *public, unsigned char *secret, size_t *size)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, private, NULL);
    int ok = EVP_PKEY_derive_init(context) > 0 && EVP_PKEY_derive_set_peer(context, public) > 0
             && EVP_PKEY_derive(context, secret, size) > 0;
    EVP_PKEY_CTX_free(context);
    return ok;
}

static int derive(void)
{
    unsigned char ours[128], theirs[128];
    size_t size = sizeof ours, same = sizeof theirs;
    if (!derive_with(key, peer, ours, &size))
        return 0;
    /* The peer is a software key, which takes only software keys. */
    unsigned char *der = NULL;
    int der_size = i2d_PUBKEY(key, &der);
    const unsigned char *p = der;
    EVP_PKEY *public = d2i_PUBKEY(NULL, &p, der_size);
    MUST(public != NULL && derive_with(peer, public, theirs, &same) && size == same && memcmp(ours, theirs, size) == 0);
    EVP_PKEY_free(public);
    OPENSSL_free(der);
    return 1;
}

static int operate(const char *operation)
{
    if (strcmp(operation, "digest") == 0)
        return sign_digest();
    if (strcmp(operation, "decrypt") == 0)
        return decrypt();
    if (strcmp(operation, "derive") == 0)
        return derive();
    int pss = strcmp(operation, "pss") == 0;
    MUST(pss || strcmp(operation, "sign") == 0);
    return sign(pss);
}

/* The content of a job. Other jobs of the thread run while it is paused. */
static int run(void *argument)
{
    struct work *work = argument;
    int blocked = strcmp(work->mode, "blocked") == 0;
    if (blocked)
        ASYNC_block_pause();
    for (int round = 0; round < work->rounds; round++) {
        /* OpenSSL forbids that a job goes on in another thread, and so does our counting. */
        MUST(pthread_equal(pthread_self(), own));
        if (operate(work->operation)) {
            done++;
            MUST(ERR_peek_error() == 0);
        } else {
            failed++;
            errors(last_error);
        }
    }
    if (blocked)
        ASYNC_unblock_pause();
    return 1;
}

static int call(void *argument)
{
    struct job *job = argument;
    pthread_mutex_lock(&lock);
    job->called = 1;
    pthread_cond_signal(&called);
    pthread_mutex_unlock(&lock);
    return 1;
}

static void begin(int count, const char *mode)
{
    for (int i = 0; i < count; i++) {
        int shared = i > 0 && strcmp(mode, "shared") == 0;
        jobs[i] = (struct job){ .wait = shared ? jobs[0].wait : ASYNC_WAIT_CTX_new() };
        if (strcmp(mode, "callback") == 0)
            MUST(ASYNC_WAIT_CTX_set_callback(jobs[i].wait, call, &jobs[i]) == 1);
    }
}

/* Starts or continues a job. */
static void step(struct job *job, struct work *work)
{
    int result;
    job->started = 1;
    job->called = 0;
    switch (ASYNC_start_job(&job->job, job->wait, &result, run, work, sizeof *work)) {
    case ASYNC_FINISH:
        job->ended = 1;
        break;
    case ASYNC_PAUSE:
        pauses++;
        break;
    default:
        MUST(!"ASYNC_start_job");
    }
}

/* Returns what poll(2) waits for: the only descriptor of a job. */
static struct pollfd descriptor(ASYNC_WAIT_CTX *wait)
{
    OSSL_ASYNC_FD fd;
    size_t count = 0;
    MUST(ASYNC_WAIT_CTX_get_all_fds(wait, NULL, &count) == 1 && count == 1);
    MUST(ASYNC_WAIT_CTX_get_all_fds(wait, &fd, &count) == 1);
    return (struct pollfd){ .fd = fd, .events = POLLIN };
}

static int is_readable(ASYNC_WAIT_CTX *wait)
{
    struct pollfd polled = descriptor(wait);
    return poll(&polled, 1, 0) == 1;
}

static void wait_for_descriptors(int count)
{
    static struct pollfd polled[JOBS];
    nfds_t used = 0;
    for (int i = 0; i < count; i++)
        if (!jobs[i].ended)
            polled[used++] = descriptor(jobs[i].wait);
    MUST(used == 0 || poll(polled, used, 60000) > 0);
}

static void loop(int count, struct work *work)
{
    int callback = strcmp(work->mode, "callback") == 0, early = strcmp(work->mode, "early") == 0;
    for (int left = count; left > 0;) {
        left = 0;
        for (int i = 0; i < count; i++) {
            if (jobs[i].ended)
                continue;
            if (early || !jobs[i].started || (callback ? jobs[i].called : is_readable(jobs[i].wait)))
                step(&jobs[i], work);
            left += !jobs[i].ended;
        }
        if (left > 0 && early)
            continue;
        count_threads();
        if (left == 0)
            continue;
        if (!callback) {
            wait_for_descriptors(count);
            continue;
        }
        pthread_mutex_lock(&lock);
        for (int any = 0; !any; ) {
            for (int i = 0; i < count; i++)
                any |= !jobs[i].ended && jobs[i].called;
            if (!any)
                pthread_cond_wait(&called, &lock);
        }
        pthread_mutex_unlock(&lock);
    }
}

static void end(int count)
{
    for (int i = 0; i < count; i++)
        if (i == 0 || jobs[i].wait != jobs[0].wait)
            ASYNC_WAIT_CTX_free(jobs[i].wait);
}

static void together(int count, struct work *work)
{
    begin(count, work->mode);
    loop(count, work);
    end(count);
}

static void start_all(int count, struct work *work)
{
    begin(count, work->mode);
    for (int i = 0; i < count; i++)
        step(&jobs[i], work);
    count_threads();
}

static void print(void)
{
    if (failed > 0)
        say("failed %ld %s", failed, last_error);
    say("ok %ld %ld %ld", done, pauses, most_threads);
}

static void fork_meanwhile(int count, struct work *work)
{
    start_all(count, work);
    MUST(pauses == count);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        MUST(threads() == 1);
        work->rounds = 1;
        for (int i = 0; i < count; i++)
            while (!jobs[i].ended)
                step(&jobs[i], work);
        if (failed != count)
            fprintf(stderr, "%ld done, %ld failed: %s\n", done, failed, last_error);
        /* The first operation of each job is the parent's. The jobs have a copy of the number of rounds. */
        MUST(failed == count && strstr(last_error, "before fork") != NULL);
        end(count);
        done = failed = pauses = 0;
        together(count, work);
        MUST(done == count && failed == 0 && pauses > 0);
        exit(0);
    }
    loop(count, work);
    end(count);
    int status = 0;
    MUST(waitpid(child, &status, 0) == child);
    MUST(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

struct late { EVP_PKEY_CTX *context; };

static int sign_late(void *argument)
{
    struct late *late = argument;
    unsigned char signature[1024], digest[32] = { 1, 2, 3 };
    size_t size = sizeof signature;
    EVP_PKEY_sign(late->context, signature, &size, digest, sizeof digest);
    MUST(!"an abandoned job went on");
    return 0;
}

/* The contexts are made outside of the jobs, so that nothing in the abandoned jobs keeps the provider loaded. */
static void unload_meanwhile(int count, const char *file)
{
    static EVP_PKEY_CTX *contexts[JOBS];
    OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *tpm2 = OSSL_PROVIDER_load(libctx, "tpm2"), *software = OSSL_PROVIDER_load(libctx, "default");
    BIO *bio = BIO_new_file(file, "r");
    MUST(tpm2 != NULL && software != NULL && bio != NULL);
    MUST((key = PEM_read_bio_PrivateKey_ex(bio, NULL, give_password, NULL, libctx, NULL)) != NULL);
    BIO_free(bio);
    begin(count, "unload");
    for (int i = 0; i < count; i++) {
        struct late late = { contexts[i] = EVP_PKEY_CTX_new_from_pkey(libctx, key, NULL) };
        int result;
        MUST(EVP_PKEY_sign_init(contexts[i]) > 0);
        MUST(ASYNC_start_job(&jobs[i].job, jobs[i].wait, &result, sign_late, &late, sizeof late) == ASYNC_PAUSE);
        pauses++;
    }
    count_threads();
    for (int i = 0; i < count; i++)
        EVP_PKEY_CTX_free(contexts[i]);
    EVP_PKEY_free(key);
    MUST(OSSL_PROVIDER_unload(tpm2) == 1 && OSSL_PROVIDER_unload(software) == 1);
    OSSL_LIB_CTX_free(libctx);
    end(count);
    key = NULL;
}

int main(int count, char **words)
{
    MUST(count >= 6);
    struct work work = { .mode = words[1], .operation = words[2], .rounds = atoi(words[5]) };
    int number = atoi(words[4]);
    password = words[6];
    own = pthread_self();
    MUST(number <= JOBS && ASYNC_is_capable());
    if (strcmp(work.mode, "unload") == 0) {
        MUST(OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1);
        for (int round = 0; round < work.rounds; round++)
            unload_meanwhile(number, words[3]);
        print();
        return 0;
    }
    MUST(OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) == 1);
    load_key(words[3]);
    if (strcmp(work.operation, "derive") == 0)
        MUST((peer = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")) != NULL);
    count_threads();
    if (strcmp(work.mode, "outside") == 0) {
        run(&work);
        count_threads();
    } else if (strcmp(work.mode, "abandon") == 0) {
        start_all(number, &work);
        end(number);
        together(number, &work);
    } else if (strcmp(work.mode, "fork") == 0) {
        fork_meanwhile(number, &work);
    } else if (strcmp(work.mode, "exit") == 0) {
        start_all(number, &work);
        print();
        exit(0);
    } else {
        together(number, &work);
    }
    EVP_PKEY_free(peer);
    EVP_PKEY_free(key);
    print();
    return 0;
}
