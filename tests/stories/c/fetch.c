/* Prints the provider that serves a plain fetch of each key management algorithm, before any other call and, with a key file, again
 * after that key has signed.
 *
 *   fetch [KEY] */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <stdio.h>

static void print(const char *when)
{
    static const char *const names[] = {"EC", "RSA"};
    printf("%s:", when);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        EVP_KEYMGMT *keymgmt = EVP_KEYMGMT_fetch(NULL, names[i], NULL);
        const char *provider = keymgmt ? OSSL_PROVIDER_get0_name(EVP_KEYMGMT_get0_provider(keymgmt)) : "none";
        printf(" %s=%s", names[i], provider);
        EVP_KEYMGMT_free(keymgmt);
    }
    putchar('\n');
}

int main(int count, char **arguments)
{
    unsigned char signature[1024];
    size_t length = sizeof signature;
    print("fresh");
    if (count < 2)
        return 0;
    BIO *bio = BIO_new_file(arguments[1], "r");
    EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (key == NULL || EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, key, NULL) != 1
        || EVP_DigestSign(ctx, signature, &length, (const unsigned char *)"message", 7) != 1) {
        ERR_print_errors_fp(stderr);
        return 1;
    }
    print("used");
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    BIO_free(bio);
    return 0;
}
