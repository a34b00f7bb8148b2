/* Opens a key in ways that no command offers: opener URI FILE [PASSWORD].
 *
 * Opens the URI in two more library contexts at once: each signs and is freed while the other exists. Loads the file with libssl's own
 * function. Prints "ok" or the error. */
#include "answers.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

static int password_callback(char *buffer, int size, int writing, void *password)
{
    return password == NULL ? -1 : snprintf(buffer, (size_t)size, "%s", (const char *)password);
}

static EVP_PKEY *open_uri(OSSL_LIB_CTX *context, const char *uri, char *password)
{
    UI_METHOD *method = UI_UTIL_wrap_read_pem_callback(password_callback, 0);
    OSSL_STORE_CTX *store = OSSL_STORE_open_ex(uri, context, NULL, method, password, NULL, NULL, NULL);
    OSSL_STORE_INFO *info = store != NULL ? OSSL_STORE_load(store) : NULL;
    EVP_PKEY *key = info != NULL ? OSSL_STORE_INFO_get1_PKEY(info) : NULL;
    /* One object, and then the end. */
    if (key != NULL && (!OSSL_STORE_eof(store) || OSSL_STORE_error(store))) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    OSSL_STORE_INFO_free(info);
    OSSL_STORE_close(store);
    UI_destroy_method(method);
    return key;
}

static int signs(OSSL_LIB_CTX *context, EVP_PKEY *key, OSSL_LIB_CTX *clean)
{
    unsigned char signature[1024], *der = NULL;
    size_t size = sizeof signature;
    EVP_MD_CTX *signing = EVP_MD_CTX_new(), *verifying = EVP_MD_CTX_new();
    int length = i2d_PUBKEY(key, &der);
    const unsigned char *p = der, *message = (const unsigned char *)"message";
    EVP_PKEY *public = length > 0 ? d2i_PUBKEY_ex(NULL, &p, length, clean, NULL) : NULL;
    int ok = EVP_DigestSignInit_ex(signing, NULL, "SHA256", context, NULL, key, NULL) > 0
        && EVP_DigestSign(signing, signature, &size, message, 7) > 0
        && EVP_DigestVerifyInit_ex(verifying, NULL, "SHA256", clean, NULL, public, NULL) > 0
        && EVP_DigestVerify(verifying, signature, size, message, 7) == 1;
    EVP_PKEY_free(public);
    OPENSSL_free(der);
    EVP_MD_CTX_free(signing);
    EVP_MD_CTX_free(verifying);
    return ok;
}

static const char *two_contexts(const char *uri, char *password, OSSL_LIB_CTX *clean)
{
    OSSL_LIB_CTX *context[2];
    EVP_PKEY *key[2];
    for (int i = 0; i < 2; i++) {
        context[i] = OSSL_LIB_CTX_new();
        if (!OSSL_LIB_CTX_load_config(context[i], getenv("OPENSSL_CONF")))
            return "the configuration";
        key[i] = open_uri(context[i], uri, password);
        if (key[i] == NULL)
            return "opening the key";
    }
    for (int i = 0; i < 6; i++)
        if (!signs(context[i % 2], key[i % 2], clean))
            return "signing in turn";
    EVP_PKEY_free(key[0]);
    OSSL_LIB_CTX_free(context[0]);
    if (!signs(context[1], key[1], clean))
        return "signing when the other is gone";
    EVP_PKEY_free(key[1]);
    OSSL_LIB_CTX_free(context[1]);
    return NULL;
}

static const char *by_libssl(const char *file, char *password)
{
    SSL_CTX *server = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_default_passwd_cb(server, password_callback);
    SSL_CTX_set_default_passwd_cb_userdata(server, password);
    int ok = SSL_CTX_use_PrivateKey_file(server, file, SSL_FILETYPE_PEM) == 1;
    SSL_CTX_free(server);
    return ok ? NULL : "SSL_CTX_use_PrivateKey_file";
}

int main(int count, char **words)
{
    char text[LINE];
    if (count < 3)
        return 2;
    OSSL_LIB_CTX *clean = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *standard = OSSL_PROVIDER_load(clean, "default");
    const char *trouble = two_contexts(words[1], words[3], clean);
    if (trouble == NULL)
        trouble = by_libssl(words[2], words[3]);
    if (trouble != NULL)
        say("%s: %s", trouble, errors(text));
    else
        say("ok");
    OSSL_PROVIDER_unload(standard);
    OSSL_LIB_CTX_free(clean);
    return trouble != NULL;
}
