/* Measures a PKCS#11 module, in a process of its own for each figure:
 *
 *   calls make MODULE PIN rsa|ec COUNT      creates keys
 *   calls sign MODULE PIN COUNT             signatures in one session
 *   calls sessions MODULE PIN COUNT         signatures, each in a new session, after a search for the key
 *   calls first MODULE PIN                  from C_Initialize to the first signature
 *   calls list MODULE PIN                   from C_Initialize until class, identifier and label of each object are known
 *   calls again MODULE PIN COUNT            the same for a process that has listed the objects before
 *   calls absent MODULE PIN COUNT           searches for an identifier that no object has
 *
 * Without a login if the PIN is "-". Prints "MICROSECONDS VMRSS-KiB OBJECTS"; the time is that of one operation. */
#define CRYPTOKI_COMPAT 1
#include "../../stories/c/must.h"
#include <dlfcn.h>
#include <p11-kit-1/p11-kit/pkcs11.h>
#include <string.h>
#include <time.h>

static CK_FUNCTION_LIST_PTR p11;
static CK_SLOT_ID slot;
static CK_ULONG objects;

#define DONE(call)                                                                        \
    do {                                                                                  \
        CK_RV rv_ = (call);                                                               \
        if (rv_ != CKR_OK) {                                                              \
            fprintf(stderr, "%s:%d: %s: 0x%lx\n", __FILE__, __LINE__, #call, rv_);        \
            exit(1);                                                                      \
        }                                                                                 \
    } while (0)

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static long resident(void)
{
    char line[200];
    long size = 0;
    FILE *status = fopen("/proc/self/status", "r");

    MUST(status != NULL);
    while (fgets(line, sizeof line, status) != NULL)
        if (sscanf(line, "VmRSS: %ld", &size) == 1)
            break;
    fclose(status);
    return size;
}

/* The first slot with a token. tpm2-pkcs11 offers another one for a new token. */
static void choose_slot(void)
{
    CK_SLOT_ID all[10];
    CK_ULONG count = 10;
    CK_TOKEN_INFO info;

    DONE(p11->C_GetSlotList(CK_TRUE, all, &count));
    for (CK_ULONG i = 0; i < count; i++) {
        DONE(p11->C_GetTokenInfo(all[i], &info));
        if (info.flags & CKF_TOKEN_INITIALIZED) {
            slot = all[i];
            return;
        }
    }
    MUST(!"a token");
}

static CK_SESSION_HANDLE session(CK_FLAGS flags)
{
    CK_SESSION_HANDLE handle;

    DONE(p11->C_OpenSession(slot, CKF_SERIAL_SESSION | flags, NULL, NULL, &handle));
    return handle;
}

/* Initializes, opens a session, and logs in. */
static CK_SESSION_HANDLE begin(CK_FLAGS flags, const char *pin)
{
    CK_SESSION_HANDLE handle;

    DONE(p11->C_Initialize(NULL));
    choose_slot();
    handle = session(flags);
    if (strcmp(pin, "-") != 0)
        DONE(p11->C_Login(handle, CKU_USER, (CK_UTF8CHAR *)pin, strlen(pin)));
    return handle;
}

static CK_ULONG search(CK_SESSION_HANDLE handle, CK_ATTRIBUTE *template, CK_ULONG length, CK_OBJECT_HANDLE *found)
{
    CK_ULONG count;

    DONE(p11->C_FindObjectsInit(handle, template, length));
    DONE(p11->C_FindObjects(handle, found, 1, &count));
    DONE(p11->C_FindObjectsFinal(handle));
    return count;
}

static CK_OBJECT_HANDLE private_key(CK_SESSION_HANDLE handle)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE template = { CKA_CLASS, &class, sizeof class };
    CK_OBJECT_HANDLE key;

    MUST(search(handle, &template, 1, &key) == 1);
    return key;
}

static CK_MECHANISM mechanism_of(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE key)
{
    CK_KEY_TYPE type;
    CK_ATTRIBUTE asked = { CKA_KEY_TYPE, &type, sizeof type };
    CK_MECHANISM mechanism = { CKM_ECDSA, NULL, 0 };

    DONE(p11->C_GetAttributeValue(handle, key, &asked, 1));
    if (type == CKK_RSA)
        mechanism.mechanism = CKM_SHA256_RSA_PKCS;
    return mechanism;
}

static void sign(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE key, CK_MECHANISM *mechanism)
{
    static CK_BYTE digest[32] = "a digest of thirty-two bytes..";
    CK_BYTE signature[512];
    CK_ULONG length = sizeof signature;

    DONE(p11->C_SignInit(handle, mechanism, key));
    DONE(p11->C_Sign(handle, digest, sizeof digest, signature, &length));
    MUST(length >= 64);
}

static void list(CK_SESSION_HANDLE handle)
{
    CK_OBJECT_HANDLE found[64];
    CK_ULONG count;

    objects = 0;
    DONE(p11->C_FindObjectsInit(handle, NULL, 0));
    do {
        DONE(p11->C_FindObjects(handle, found, 64, &count));
        for (CK_ULONG i = 0; i < count; i++) {
            CK_OBJECT_CLASS class;
            CK_BYTE id[256], label[256];
            CK_ATTRIBUTE asked[] = { { CKA_CLASS, &class, sizeof class }, { CKA_ID, id, sizeof id },
                                     { CKA_LABEL, label, sizeof label } };

            DONE(p11->C_GetAttributeValue(handle, found[i], asked, 3));
        }
        objects += count;
    } while (count > 0);
    DONE(p11->C_FindObjectsFinal(handle));
}

/* Initializes the module anew for each key, because tpm2-pkcs11 keeps new keys loaded, for which the TPM lacks slots. */
static void make(const char *pin, const char *type, int count)
{
    static CK_BYTE p256[] = { 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7 }, exponent[] = { 1, 0, 1 };
    CK_ULONG bits = 2048;
    CK_BBOOL yes = CK_TRUE;
    int rsa = strcmp(type, "rsa") == 0;
    CK_MECHANISM mechanism = { rsa ? CKM_RSA_PKCS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN, NULL, 0 };

    for (int i = 0; i < count; i++) {
        char name[30];
        CK_OBJECT_HANDLE both[2];
        CK_SESSION_HANDLE handle = begin(CKF_RW_SESSION, pin);

        snprintf(name, sizeof name, "%s-%d", type, i);
        CK_ATTRIBUTE public[] = { { CKA_TOKEN, &yes, 1 }, { CKA_ID, name, strlen(name) }, { CKA_LABEL, name, strlen(name) },
                                  rsa ? (CK_ATTRIBUTE){ CKA_MODULUS_BITS, &bits, sizeof bits }
                                      : (CK_ATTRIBUTE){ CKA_EC_PARAMS, p256, sizeof p256 },
                                  { CKA_PUBLIC_EXPONENT, exponent, sizeof exponent } };
        CK_ATTRIBUTE private[] = { { CKA_TOKEN, &yes, 1 }, { CKA_PRIVATE, &yes, 1 }, { CKA_SENSITIVE, &yes, 1 }, { CKA_SIGN, &yes, 1 },
                                   { CKA_ID, name, strlen(name) }, { CKA_LABEL, name, strlen(name) } };

        DONE(p11->C_GenerateKeyPair(handle, &mechanism, public, rsa ? 5 : 4, private, 6, both, both + 1));
        DONE(p11->C_Finalize(NULL));
    }
}

static void sign_in_a_session(CK_MECHANISM *mechanism)
{
    CK_SESSION_HANDLE handle = session(0);

    sign(handle, private_key(handle), mechanism);
    DONE(p11->C_CloseSession(handle));
}

static void search_in_vain(CK_SESSION_HANDLE handle)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_BYTE id[] = "an identifier that no key has";
    CK_ATTRIBUTE template[] = { { CKA_CLASS, &class, sizeof class }, { CKA_ID, id, sizeof id } };
    CK_OBJECT_HANDLE none;

    MUST(search(handle, template, 2, &none) == 0);
}

/* Returns the microseconds of one operation. */
static double measured(const char *what, const char *pin, int count)
{
    double start = now();
    CK_SESSION_HANDLE handle = begin(0, pin);
    CK_OBJECT_HANDLE key = 0;
    CK_MECHANISM mechanism = { CKM_ECDSA, NULL, 0 };

    if (strcmp(what, "list") == 0) {
        list(handle);
        return now() - start;
    }
    if (strcmp(what, "again") == 0)
        list(handle);
    if (strcmp(what, "absent") == 0)
        search_in_vain(handle);
    if (strcmp(what, "again") != 0 && strcmp(what, "absent") != 0) {
        key = private_key(handle);
        mechanism = mechanism_of(handle, key);
        sign(handle, key, &mechanism);
        if (strcmp(what, "first") == 0)
            return now() - start;
        /* Puts away what only the first operation needed. */
        sign(handle, key, &mechanism);
    }
    start = now();
    for (int i = 0; i < count; i++) {
        if (strcmp(what, "sign") == 0)
            sign(handle, key, &mechanism);
        else if (strcmp(what, "sessions") == 0)
            sign_in_a_session(&mechanism);
        else if (strcmp(what, "again") == 0)
            list(handle);
        else
            search_in_vain(handle);
    }
    return count == 0 ? 0 : (now() - start) / count;
}

int main(int argc, char **argv)
{
    CK_C_GetFunctionList get;
    void *module;

    MUST(argc >= 4);
    module = dlopen(argv[2], RTLD_NOW);
    if (module == NULL)
        fprintf(stderr, "%s\n", dlerror());
    MUST(module != NULL && (get = (CK_C_GetFunctionList)dlsym(module, "C_GetFunctionList")) != NULL);
    DONE(get(&p11));
    if (strcmp(argv[1], "make") == 0) {
        MUST(argc == 6);
        make(argv[3], argv[4], atoi(argv[5]));
    } else {
        double micros = measured(argv[1], argv[3], argc == 5 ? atoi(argv[4]) : 0);

        printf("%.1f %ld %lu\n", micros, resident(), objects);
        DONE(p11->C_Finalize(NULL));
    }
    return 0;
}
