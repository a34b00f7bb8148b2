/* Replaces OpenSSL's FIPS provider where a system has none: offers the algorithms of the default provider with fips=yes, without MD5.
 * It validates nothing. Like the real one it has no encoders, decoders or stores. */
#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <string.h>

enum { OPERATIONS = 64, ROWS = 200 };

/* Shared by all instances, for the life of the process. */
static OSSL_PROVIDER *original;
static OSSL_ALGORITHM tables[OPERATIONS][ROWS];

static void label(int operation)
{
    int no_store;
    const OSSL_ALGORITHM *row = OSSL_PROVIDER_query_operation(original, operation, &no_store);

    for (size_t count = 0; row != NULL && row->algorithm_names != NULL && count + 1 < ROWS; row++) {
        if (strncmp(row->algorithm_names, "MD5", 3) == 0)
            continue;
        tables[operation][count] = *row;
        tables[operation][count++].property_definition = "provider=fips,fips=yes";
    }
}

static void load(void)
{
    original = OSSL_PROVIDER_load(OSSL_LIB_CTX_new(), "default");
    for (int operation = 0; original != NULL && operation < OPERATIONS; operation++) {
        if (operation != OSSL_OP_ENCODER && operation != OSSL_OP_DECODER && operation != OSSL_OP_STORE)
            label(operation);
    }
}

static const OSSL_ALGORITHM *query(void *context, int operation, int *no_store)
{
    *no_store = 0;
    return operation >= 0 && operation < OPERATIONS && tables[operation][0].algorithm_names != NULL ? tables[operation] : NULL;
}

static int get_params(void *context, OSSL_PARAM params[])
{
    OSSL_PARAM *name = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_NAME), *status = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);

    return (name == NULL || OSSL_PARAM_set_utf8_ptr(name, "Stand-in for a FIPS provider"))
        && (status == NULL || OSSL_PARAM_set_int(status, 1));
}

static int get_capabilities(void *context, const char *capability, OSSL_CALLBACK *found, void *argument)
{
    return OSSL_PROVIDER_get_capabilities(original, capability, found, argument);
}

int OSSL_provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out, void **context)
{
    static const OSSL_DISPATCH functions[] = {
        {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
        {OSSL_FUNC_PROVIDER_GET_PARAMS, (void (*)(void))get_params},
        {OSSL_FUNC_PROVIDER_GET_CAPABILITIES, (void (*)(void))get_capabilities},
        {0, NULL},
    };
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    if (pthread_once(&once, load) != 0 || original == NULL)
        return 0;
    *context = OSSL_PROVIDER_get0_provider_ctx(original);
    *out = functions;
    return 1;
}
