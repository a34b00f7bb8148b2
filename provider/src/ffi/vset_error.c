/* Calls the core's core_vset_error (provider-base(7)) with one string: Rust cannot make a va_list. */
#include <stdarg.h>
#include <openssl/core_dispatch.h>

void tpm2_vset_error(OSSL_FUNC_core_vset_error_fn *vset_error, const OSSL_CORE_HANDLE *handle,
                     uint32_t reason, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vset_error(handle, reason, format, args);
    va_end(args);
}
