/* A program that calls a PKCS#11 module as the specification allows, and as it does not.
 *
 *   pkcs11 buffers MODULE           lengths, short buffers, NULL
 *   pkcs11 order MODULE             calls in a wrong order
 *   pkcs11 parts MODULE             a signature in parts
 *   pkcs11 thousand MODULE          a thousand signatures, each in a new session
 *   pkcs11 fork MODULE              a child without and with C_Initialize
 *   pkcs11 threads MODULE           C_Finalize while eight threads sign
 *   pkcs11 removed MODULE FILE      the key file is removed while a session is open
 *   pkcs11 login MODULE PIN WRONG   private keys before, during and after a login
 *   pkcs11 each MODULE PIN WRONG    a login for each operation
 *   pkcs11 derive MODULE PIN        derived keys, their sizes and their end
 *   pkcs11 list MODULE              the number of objects */
#define CRYPTOKI_COMPAT 1
#include "must.h"
#include <dlfcn.h>
#include <p11-kit-1/p11-kit/pkcs11.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static CK_FUNCTION_LIST_PTR p11;
static CK_BYTE digest[32] = "a digest of thirty-two bytes..";
static CK_MECHANISM ecdsa = { CKM_ECDSA, NULL, 0 };
static CK_MECHANISM ecdsa_sha256 = { CKM_ECDSA_SHA256, NULL, 0 };

#define IS(call, code)                                                                                                        \
    do {                                                                                                                      \
        CK_RV rv_ = (call);                                                                                                   \
        if (rv_ != (code)) {                                                                                                  \
            fprintf(stderr, "%s:%d: %s: 0x%lx, not %s\n", __FILE__, __LINE__, #call, rv_, #code);                             \
            exit(1);                                                                                                          \
        }                                                                                                                     \
    } while (0)
#define DONE(call) IS(call, CKR_OK)

static CK_SESSION_HANDLE session(void)
{
    CK_SLOT_ID slot;
    CK_ULONG count = 1;
    CK_SESSION_HANDLE handle;

    DONE(p11->C_GetSlotList(CK_TRUE, &slot, &count));
    MUST(count == 1);
    DONE(p11->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &handle));
    return handle;
}

static CK_ULONG search(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class, CK_OBJECT_HANDLE *found)
{
    CK_ATTRIBUTE template = { CKA_CLASS, &class, sizeof class };
    CK_OBJECT_HANDLE all[10];
    CK_ULONG count;

    DONE(p11->C_FindObjectsInit(session, &template, 1));
    DONE(p11->C_FindObjects(session, all, 10, &count));
    DONE(p11->C_FindObjectsFinal(session));
    if (count > 0 && found != NULL)
        *found = all[0];
    return count;
}

static CK_OBJECT_HANDLE private_key(CK_SESSION_HANDLE session)
{
    CK_OBJECT_HANDLE key;

    MUST(search(session, CKO_PRIVATE_KEY, &key) > 0);
    return key;
}

static void sign(void)
{
    CK_BYTE signature[64];
    CK_ULONG length = sizeof signature;
    CK_SESSION_HANDLE handle = session();

    DONE(p11->C_SignInit(handle, &ecdsa, private_key(handle)));
    DONE(p11->C_Sign(handle, digest, sizeof digest, signature, &length));
    MUST(length == 64);
    DONE(p11->C_CloseSession(handle));
}

static void buffers(void)
{
    CK_BYTE signature[80] = { 0 }, id[1];
    CK_ULONG length = 0, count = 0;
    CK_SESSION_HANDLE handle = session();
    CK_OBJECT_HANDLE key = private_key(handle);
    CK_ATTRIBUTE asked[] = { { CKA_ID, id, sizeof id }, { CKA_EC_POINT, NULL, 0 }, { CKA_VALUE, signature, 80 }, { 0x12345678, NULL, 0 } };

    DONE(p11->C_SignInit(handle, &ecdsa, key));
    DONE(p11->C_Sign(handle, digest, sizeof digest, NULL, &length));
    MUST(length == 64);
    for (length = 0; length < 64; length = 64 - length > 1 ? 63 : 64) {
        CK_ULONG small = length;

        IS(p11->C_Sign(handle, digest, sizeof digest, signature, &small), CKR_BUFFER_TOO_SMALL);
        MUST(small == 64 && signature[0] == 0);
    }
    length = sizeof signature;
    DONE(p11->C_Sign(handle, digest, sizeof digest, signature, &length));
    MUST(length == 64);
    IS(p11->C_Sign(handle, digest, sizeof digest, signature, &length), CKR_OPERATION_NOT_INITIALIZED);

    MUST(p11->C_GetAttributeValue(handle, key, asked, 4) != CKR_OK);
    MUST(asked[0].ulValueLen == CK_UNAVAILABLE_INFORMATION && asked[1].ulValueLen == 67);
    MUST(asked[2].ulValueLen == CK_UNAVAILABLE_INFORMATION && asked[3].ulValueLen == CK_UNAVAILABLE_INFORMATION);
    IS(p11->C_GetAttributeValue(handle, key, asked + 2, 1), CKR_ATTRIBUTE_SENSITIVE);
    IS(p11->C_GetAttributeValue(handle, key, asked + 3, 1), CKR_ATTRIBUTE_TYPE_INVALID);

    DONE(p11->C_GetMechanismList(0, NULL, &count));
    MUST(count > 10);
    length = count - 1;
    IS(p11->C_GetMechanismList(0, (CK_MECHANISM_TYPE *)(void *)signature, &length), CKR_BUFFER_TOO_SMALL);
    MUST(length == count);

    IS(p11->C_GetInfo(NULL), CKR_ARGUMENTS_BAD);
    IS(p11->C_GetSlotList(CK_TRUE, NULL, NULL), CKR_ARGUMENTS_BAD);
    IS(p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, NULL), CKR_ARGUMENTS_BAD);
    IS(p11->C_FindObjectsInit(handle, NULL, 1), CKR_ARGUMENTS_BAD);
    IS(p11->C_GenerateRandom(handle, NULL, 16), CKR_ARGUMENTS_BAD);
    DONE(p11->C_SignInit(handle, &ecdsa, key));
    IS(p11->C_Sign(handle, NULL, 32, signature, &length), CKR_ARGUMENTS_BAD);
    IS(p11->C_Sign(handle, digest, 32, signature, NULL), CKR_ARGUMENTS_BAD);
    DONE(p11->C_SignInit(handle, NULL, 0));
    IS(p11->C_Sign(handle, digest, 32, signature, &length), CKR_OPERATION_NOT_INITIALIZED);
    ecdsa.pParameter = digest;
    ecdsa.ulParameterLen = 1;
    IS(p11->C_SignInit(handle, &ecdsa, key), CKR_MECHANISM_PARAM_INVALID);
}

static void order(void)
{
    CK_BYTE out[64];
    CK_ULONG length = sizeof out;
    CK_OBJECT_HANDLE key;
    CK_SESSION_HANDLE handle;
    CK_MECHANISM pss = { CKM_SHA256_RSA_PKCS_PSS, NULL, 0 };

    IS(p11->C_Initialize(NULL), CKR_CRYPTOKI_ALREADY_INITIALIZED);
    IS(p11->C_Sign(77, digest, sizeof digest, out, &length), CKR_SESSION_HANDLE_INVALID);
    IS(p11->C_OpenSession(9, CKF_SERIAL_SESSION, NULL, NULL, &handle), CKR_SLOT_ID_INVALID);
    IS(p11->C_OpenSession(0, 0, NULL, NULL, &handle), CKR_SESSION_PARALLEL_NOT_SUPPORTED);
    handle = session();
    key = private_key(handle);
    IS(p11->C_Sign(handle, digest, sizeof digest, out, &length), CKR_OPERATION_NOT_INITIALIZED);
    IS(p11->C_FindObjectsFinal(handle), CKR_OPERATION_NOT_INITIALIZED);
    IS(p11->C_SignInit(handle, &ecdsa, 4711), CKR_KEY_HANDLE_INVALID);
    IS(p11->C_SignInit(handle, &pss, key), CKR_MECHANISM_PARAM_INVALID);
    pss.mechanism = CKM_SHA256_RSA_PKCS;
    IS(p11->C_SignInit(handle, &pss, key), CKR_KEY_TYPE_INCONSISTENT);
    pss.mechanism = CKM_AES_CBC;
    IS(p11->C_SignInit(handle, &pss, key), CKR_MECHANISM_INVALID);
    DONE(p11->C_SignInit(handle, &ecdsa, key));
    IS(p11->C_SignInit(handle, &ecdsa, key), CKR_OPERATION_ACTIVE);
    DONE(p11->C_SignUpdate(handle, digest, 16));
    IS(p11->C_Sign(handle, digest, sizeof digest, out, &length), CKR_OPERATION_ACTIVE);
    DONE(p11->C_SignUpdate(handle, digest + 16, 16));
    DONE(p11->C_SignFinal(handle, out, &length));
    IS(p11->C_EncryptInit(handle, &pss, key), CKR_FUNCTION_NOT_SUPPORTED);
    IS(p11->C_Logout(handle), CKR_USER_NOT_LOGGED_IN);
    DONE(p11->C_CloseAllSessions(0));
    IS(p11->C_CloseSession(handle), CKR_SESSION_HANDLE_INVALID);
    DONE(p11->C_Finalize(NULL));
    IS(p11->C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
    IS(p11->C_GetSlotList(CK_TRUE, NULL, &length), CKR_CRYPTOKI_NOT_INITIALIZED);
    DONE(p11->C_Initialize(NULL));
    sign();
}

/* Prints the message's signature in hexadecimal. */
static void parts(void)
{
    CK_BYTE signature[64];
    CK_ULONG length = sizeof signature;
    CK_SESSION_HANDLE handle = session();

    DONE(p11->C_SignInit(handle, &ecdsa_sha256, private_key(handle)));
    for (int i = 0; i < 1000; i++)
        DONE(p11->C_SignUpdate(handle, digest, 31));
    DONE(p11->C_SignFinal(handle, NULL, &length));
    DONE(p11->C_SignFinal(handle, signature, &length));
    for (CK_ULONG i = 0; i < length; i++)
        printf("%02x", signature[i]);
    puts("");
}

static void forked(void)
{
    int status;

    sign();
    for (int initialize = 0; initialize < 2; initialize++) {
        pid_t child = fork();

        MUST(child >= 0);
        if (child == 0) {
            CK_ULONG count;

            alarm(60);
            IS(p11->C_GetSlotList(CK_TRUE, NULL, &count), CKR_CRYPTOKI_NOT_INITIALIZED);
            if (initialize) {
                DONE(p11->C_Initialize(NULL));
                sign();
                DONE(p11->C_Finalize(NULL));
            }
            exit(0);
        }
        sign();
        MUST(waitpid(child, &status, 0) == child && status == 0);
        sign();
    }
}

static volatile int stop;

/* Signs until the module is finalized. Returns the number of signatures. */
static void *signer(void *unused)
{
    unsigned long done = 0;

    while (!stop) {
        CK_BYTE signature[64];
        CK_ULONG length = sizeof signature, count;
        CK_SESSION_HANDLE handle;
        CK_OBJECT_HANDLE key;
        CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
        CK_ATTRIBUTE template = { CKA_CLASS, &class, sizeof class };
        CK_RV rv;

        if ((rv = p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &handle)) != CKR_OK
            || (rv = p11->C_FindObjectsInit(handle, &template, 1)) != CKR_OK
            || (rv = p11->C_FindObjects(handle, &key, 1, &count)) != CKR_OK
            || (rv = p11->C_FindObjectsFinal(handle)) != CKR_OK
            || (rv = p11->C_SignInit(handle, &ecdsa, key)) != CKR_OK
            || (rv = p11->C_Sign(handle, digest, sizeof digest, signature, &length)) != CKR_OK
            || (rv = p11->C_CloseSession(handle)) != CKR_OK) {
            /* C_Finalize has just ended the session, or the module. */
            MUST(rv == CKR_CRYPTOKI_NOT_INITIALIZED || rv == CKR_SESSION_HANDLE_INVALID);
            continue;
        }
        done++;
    }
    return (void *)done;
}

static void threads(void)
{
    pthread_t all[8];
    unsigned long sum = 0;

    for (int i = 0; i < 8; i++)
        MUST(pthread_create(all + i, NULL, signer, NULL) == 0);
    for (int i = 0; i < 5; i++) {
        usleep(300000);
        DONE(p11->C_Finalize(NULL));
        usleep(1000);
        DONE(p11->C_Initialize(NULL));
    }
    stop = 1;
    for (int i = 0; i < 8; i++) {
        void *done;

        MUST(pthread_join(all[i], &done) == 0);
        sum += (unsigned long)done;
    }
    sign();
    printf("%lu signatures\n", sum);
}

static void removed(const char *file)
{
    CK_SESSION_HANDLE handle = session();
    CK_OBJECT_HANDLE key = private_key(handle);

    sign();
    MUST(unlink(file) == 0);
    IS(p11->C_SignInit(handle, &ecdsa, key), CKR_KEY_HANDLE_INVALID);
    MUST(search(handle, CKO_PRIVATE_KEY, NULL) == 0);
    DONE(p11->C_CloseSession(handle));
}

static CK_RV login(CK_SESSION_HANDLE handle, const char *pin)
{
    return p11->C_Login(handle, CKU_USER, (CK_UTF8CHAR *)pin, strlen(pin));
}

static void logged_in(const char *pin, const char *wrong)
{
    CK_SESSION_HANDLE handle = session();
    CK_TOKEN_INFO info;

    DONE(p11->C_GetTokenInfo(0, &info));
    MUST(info.flags & CKF_LOGIN_REQUIRED);
    MUST(search(handle, CKO_PRIVATE_KEY, NULL) == 0 && search(handle, CKO_PUBLIC_KEY, NULL) == 1);
    for (int i = 0; i < 3; i++)
        IS(login(handle, wrong), CKR_PIN_INCORRECT);
    /* The TPM would count the empty password. */
    IS(login(handle, ""), CKR_PIN_INCORRECT);
    DONE(p11->C_GetTokenInfo(0, &info));
    printf("count low: %d\n", (info.flags & CKF_USER_PIN_COUNT_LOW) != 0);
    DONE(login(handle, pin));
    IS(login(handle, pin), CKR_USER_ALREADY_LOGGED_IN);
    DONE(p11->C_GetTokenInfo(0, &info));
    MUST((info.flags & CKF_USER_PIN_COUNT_LOW) == 0);
    sign();
    DONE(p11->C_Logout(handle));
    MUST(search(handle, CKO_PRIVATE_KEY, NULL) == 0);
    DONE(login(handle, pin));
    sign();
    /* The login ends with the last session. */
    DONE(p11->C_CloseSession(handle));
    handle = session();
    MUST(search(handle, CKO_PRIVATE_KEY, NULL) == 0);
}

static CK_RV login_once(CK_SESSION_HANDLE handle, const char *pin)
{
    return p11->C_Login(handle, CKU_CONTEXT_SPECIFIC, (CK_UTF8CHAR *)pin, strlen(pin));
}

static void each(const char *pin, const char *wrong)
{
    CK_SESSION_HANDLE handle = session();
    CK_BYTE out[64];
    CK_ULONG length = sizeof out;
    CK_OBJECT_HANDLE key;

    IS(login_once(handle, pin), CKR_OPERATION_NOT_INITIALIZED);
    DONE(login(handle, pin));
    key = private_key(handle);
    for (int i = 0; i < 2; i++) {
        DONE(p11->C_SignInit(handle, &ecdsa, key));
        IS(p11->C_Sign(handle, digest, sizeof digest, out, &length), CKR_USER_NOT_LOGGED_IN);
        DONE(p11->C_SignInit(handle, &ecdsa, key));
        IS(login_once(handle, wrong), CKR_PIN_INCORRECT);
        IS(p11->C_Sign(handle, digest, sizeof digest, out, &length), CKR_USER_NOT_LOGGED_IN);
        DONE(p11->C_SignInit(handle, &ecdsa, key));
        DONE(login_once(handle, pin));
        DONE(p11->C_Sign(handle, digest, sizeof digest, out, &length));
    }
}

static CK_RV derived(CK_SESSION_HANDLE handle, CK_ULONG kdf, CK_ULONG size, CK_BBOOL private, CK_OBJECT_HANDLE *secret)
{
    CK_BYTE point[67];
    CK_OBJECT_HANDLE public;
    CK_ATTRIBUTE asked = { CKA_EC_POINT, point, sizeof point };
    CK_ECDH1_DERIVE_PARAMS params = { kdf, 0, NULL, sizeof point, point };
    CK_MECHANISM ecdh = { CKM_ECDH1_DERIVE, &params, sizeof params };
    CK_ATTRIBUTE template[] = { { CKA_PRIVATE, &private, 1 }, { CKA_VALUE_LEN, &size, sizeof size } };

    MUST(search(handle, CKO_PUBLIC_KEY, &public) == 1);
    DONE(p11->C_GetAttributeValue(handle, public, &asked, 1));
    return p11->C_DeriveKey(handle, &ecdh, private_key(handle), template, 2, secret);
}

static void derive(const char *pin)
{
    CK_SESSION_HANDLE handle = session(), other = session();
    CK_OBJECT_HANDLE secret, private;
    CK_BYTE value[2][100];
    CK_ATTRIBUTE asked = { CKA_VALUE, value[0], 100 };

    DONE(login(handle, pin));
    IS(derived(handle, CKD_SHA256_KDF, 1UL << 46, CK_FALSE, &secret), CKR_ATTRIBUTE_VALUE_INVALID);
    IS(derived(handle, CKD_SHA256_KDF, 0, CK_FALSE, &secret), CKR_ATTRIBUTE_VALUE_INVALID);
    IS(derived(handle, CKD_NULL, 33, CK_FALSE, &secret), CKR_ATTRIBUTE_VALUE_INVALID);
    DONE(derived(handle, CKD_NULL, 16, CK_FALSE, &secret));
    DONE(p11->C_GetAttributeValue(handle, secret, &asked, 1));
    MUST(asked.ulValueLen == 16);
    DONE(derived(handle, CKD_SHA256_KDF, 100, CK_TRUE, &private));
    asked.ulValueLen = 100;
    DONE(p11->C_GetAttributeValue(other, private, &asked, 1));
    MUST(asked.ulValueLen == 100);
    DONE(p11->C_Logout(handle));
    IS(p11->C_GetAttributeValue(handle, private, &asked, 1), CKR_OBJECT_HANDLE_INVALID);
    DONE(p11->C_GetAttributeValue(other, secret, &asked, 1));
    DONE(p11->C_CloseSession(handle));
    IS(p11->C_GetAttributeValue(other, secret, &asked, 1), CKR_OBJECT_HANDLE_INVALID);
}

static void list(void)
{
    CK_SESSION_HANDLE handle = session();
    CK_OBJECT_HANDLE all[50];
    CK_ULONG count, sum = 0;

    DONE(p11->C_FindObjectsInit(handle, NULL, 0));
    do {
        DONE(p11->C_FindObjects(handle, all, 50, &count));
        sum += count;
    } while (count > 0);
    DONE(p11->C_FindObjectsFinal(handle));
    printf("%lu objects\n", sum);
}

int main(int argc, char **argv)
{
    CK_C_GetFunctionList get;
    void *module;

    MUST(argc >= 3);
    module = dlopen(argv[2], RTLD_NOW);
    if (module == NULL)
        fprintf(stderr, "%s\n", dlerror());
    MUST(module != NULL && (get = (CK_C_GetFunctionList)dlsym(module, "C_GetFunctionList")) != NULL);
    DONE(get(&p11));
    DONE(p11->C_Initialize(NULL));
    if (strcmp(argv[1], "buffers") == 0)
        buffers();
    else if (strcmp(argv[1], "order") == 0)
        order();
    else if (strcmp(argv[1], "parts") == 0)
        parts();
    else if (strcmp(argv[1], "thousand") == 0)
        for (int i = 0; i < 1000; i++)
            sign();
    else if (strcmp(argv[1], "fork") == 0)
        forked();
    else if (strcmp(argv[1], "threads") == 0)
        threads();
    else if (strcmp(argv[1], "removed") == 0 && argc == 4)
        removed(argv[3]);
    else if (strcmp(argv[1], "login") == 0 && argc == 5)
        logged_in(argv[3], argv[4]);
    else if (strcmp(argv[1], "each") == 0 && argc == 5)
        each(argv[3], argv[4]);
    else if (strcmp(argv[1], "derive") == 0 && argc == 4)
        derive(argv[3]);
    else if (strcmp(argv[1], "list") == 0)
        list();
    else
        MUST(!"an argument");
    DONE(p11->C_Finalize(NULL));
    puts("done");
    return 0;
}
