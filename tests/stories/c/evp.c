/* Makes every EVP call that takes a key, on TPM keys and on software keys in tpm2.
 *
 *   evp [-q] KEY ... [-fixed KEY ...] [-restricted KEY ...] [-software KEY ...]
 *
 * A KEY is a file or another URI. The keys of -fixed sign with one scheme, and SHA-256; those of -restricted in the same way, but only
 * what the TPM hashed itself; those of -software are imported into tpm2. With -q RSA keys are not checked: under valgrind OpenSSL's
 * search for factors takes half a minute.
 *
 * A second library context without tpm2 gives the expected results. */
/* The calls with old types are tested as well. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "evp/parameters.h"
#include "evp/secrets.h"
#include "evp/signatures.h"
#include "evp/subject.h"
#include "evp/whole.h"
#include <openssl/provider.h>

static int quick;

static void walk(EVP_PKEY *key, enum kind kind)
{
    struct subject subject
        = {key, copy(key, EVP_PKEY_PUBLIC_KEY, clean, NULL), !EVP_PKEY_is_a(key, "EC"), EVP_PKEY_is_a(key, "RSA-PSS"), kind};
    EVP_PKEY *twin = EVP_PKEY_dup(key), *other = EVP_PKEY_Q_keygen(clean, NULL, "EC", "P-384");

    MUST(twin != NULL && EVP_PKEY_eq(twin, key) == 1 && EVP_PKEY_eq(key, subject.there) == 1 && EVP_PKEY_eq(subject.there, key) == 1);
    MUST(EVP_PKEY_eq(key, other) != 1 && EVP_PKEY_eq(other, key) != 1);
    MUST(EVP_PKEY_parameters_eq(key, other) == EVP_PKEY_parameters_eq(subject.there, other));
    ERR_clear_error();
    parameters(&subject);
    data(&subject);
    if (!quick || !subject.rsa)
        checks(&subject);
    print(&subject);
    files(&subject);
    certificate(&subject);
    /* The copy still works after the original is freed. */
    EVP_PKEY_free(key);
    subject.key = twin;
    messages(&subject);
    digests(&subject);
    if (!free_to_sign(&subject)) {
        refuses(&subject);
    } else if (subject.rsa) {
        recover(&subject);
        ciphertexts(&subject);
    } else {
        secrets(&subject);
    }
    MUST(ERR_peek_error() == 0);
    EVP_PKEY_free(other);
    EVP_PKEY_free(twin);
    EVP_PKEY_free(subject.there);
}

int main(int count, char **arguments)
{
    enum kind kind = OF_TPM;
    OSSL_PROVIDER *standard;

    clean = OSSL_LIB_CTX_new();
    standard = OSSL_PROVIDER_load(clean, "default");
    MUST(standard != NULL);
    for (int i = 1; i < count; i++) {
        const char *word = arguments[i];

        /* The last line shows which key failed. */
        puts(word);
        password = strstr(word, "pin-value=");
        password = password == NULL ? "" : strchr(password, '=') + 1;
        if (strcmp(word, "-q") == 0) {
            quick = 1;
        } else if (strcmp(word, "-fixed") == 0) {
            kind = FIXED;
        } else if (strcmp(word, "-restricted") == 0) {
            kind = RESTRICTED;
        } else if (strcmp(word, "-software") == 0) {
            kind = SOFTWARE;
        } else if (kind != SOFTWARE) {
            walk(load(word, NULL), kind);
        } else {
            EVP_PKEY *theirs = load(word, clean);

            /* A property of our first algorithm, so that tpm2 imports the key in either order of the providers. */
            walk(copy(theirs, EVP_PKEY_KEYPAIR, NULL, "tpm2.software=yes"), kind);
            EVP_PKEY_free(theirs);
        }
    }
    OSSL_PROVIDER_unload(standard);
    OSSL_LIB_CTX_free(clean);
    return 0;
}
