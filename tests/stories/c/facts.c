/* facts FILE: prints what libcrypto reports about a key, one fact a line. facts -self-test: runs the self test of tpm2. */
#include <stdio.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/store.h>

static EVP_PKEY *load(const char *file)
{
    OSSL_STORE_CTX *store = OSSL_STORE_open(file, NULL, NULL, NULL, NULL);
    OSSL_STORE_INFO *info = store == NULL ? NULL : OSSL_STORE_load(store);
    EVP_PKEY *key = NULL;

    if (info != NULL && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
        key = OSSL_STORE_INFO_get1_PKEY(info);
    else if (info != NULL)
        key = OSSL_STORE_INFO_get1_PUBKEY(info);
    OSSL_STORE_INFO_free(info);
    OSSL_STORE_close(store);
    return key;
}

static void number(EVP_PKEY *key, const char *name)
{
    BIGNUM *value = NULL;

    if (EVP_PKEY_get_bn_param(key, name, &value)) {
        char *hex = BN_bn2hex(value);
        printf("%s %s\n", name, hex);
        OPENSSL_free(hex);
    }
    BN_free(value);
}

static void text(EVP_PKEY *key, const char *name)
{
    char value[80] = "";

    if (EVP_PKEY_get_utf8_string_param(key, name, value, sizeof(value), NULL))
        printf("%s %s\n", name, value);
}

static void bytes(EVP_PKEY *key, const char *name)
{
    unsigned char value[1000];
    size_t length = 0, asked = 0;

    if (!EVP_PKEY_get_octet_string_param(key, name, value, sizeof(value), &length))
        return;
    if (!EVP_PKEY_get_octet_string_param(key, name, NULL, 0, &asked) || asked != length)
        printf("%s: a size query says %zu\n", name, asked);
    printf("%s ", name);
    for (size_t i = 0; i < length; i++)
        printf("%02x", value[i]);
    printf("\n");
}

/* Copies the parameters of a key to an empty key, and then its public half: as libssl does with a client's key share. */
static void copies(EVP_PKEY *key)
{
    EVP_PKEY *copy = EVP_PKEY_new(), *twin = EVP_PKEY_dup(key);
    unsigned char *point = NULL;
    size_t length;

    printf("dup is eq %d\n", EVP_PKEY_eq(key, twin));
    if (EVP_PKEY_is_a(key, "EC")) {
        printf("copy parameters %d\n", EVP_PKEY_copy_parameters(copy, key));
        printf("parameters are eq %d\n", EVP_PKEY_parameters_eq(copy, key));
        printf("a copy of parameters has no point %d\n", EVP_PKEY_eq(copy, key) != 1);
        length = EVP_PKEY_get1_encoded_public_key(key, &point);
        printf("set point %d\n", EVP_PKEY_set1_encoded_public_key(copy, point, length));
        printf("copy is eq %d\n", EVP_PKEY_eq(copy, key));
        if (length > 1)
            point[length - 1] ^= 1;
        printf("a point that is not on the curve %d\n", EVP_PKEY_set1_encoded_public_key(copy, point, length));
        OPENSSL_free(point);
    }
    EVP_PKEY_free(copy);
    EVP_PKEY_free(twin);
}

static void checks(EVP_PKEY *key)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);

    printf("public check %d quick %d\n", EVP_PKEY_public_check(ctx), EVP_PKEY_public_check_quick(ctx));
    EVP_PKEY_CTX_free(ctx);
}

static int facts(const char *file)
{
    static const char *texts[] = {"group", "field-type", "encoding", "point-format"};
    static const char *numbers[] = {"n", "e", "qx", "qy", "p", "a", "b", "order", "cofactor"};
    char digest[80] = "";
    EVP_PKEY *key = load(file);

    if (key == NULL)
        return 0;
    printf("type %s rsa %d ec %d\n", EVP_PKEY_get0_type_name(key), EVP_PKEY_is_a(key, "rsaEncryption"),
           EVP_PKEY_is_a(key, "id-ecPublicKey"));
    printf("id %d base %d\n", EVP_PKEY_get_id(key) == -1, EVP_PKEY_get_base_id(key));
    printf("bits %d security %d size %d\n", EVP_PKEY_get_bits(key), EVP_PKEY_get_security_bits(key),
           EVP_PKEY_get_size(key));
    printf("digest %d %s\n", EVP_PKEY_get_default_digest_name(key, digest, sizeof(digest)), digest);
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        text(key, texts[i]);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        number(key, numbers[i]);
    bytes(key, "pub");
    bytes(key, "encoded-pub-key");
    bytes(key, "generator");
    copies(key);
    checks(key);
    EVP_PKEY_free(key);
    return 1;
}

/* Returns true if the key refuses another public half and keeps its own. */
static int keeps(const char *file)
{
    EVP_PKEY *key = load(file), *twin = EVP_PKEY_dup(key);
    EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    unsigned char *point = NULL;
    size_t length = other == NULL ? 0 : EVP_PKEY_get1_encoded_public_key(other, &point);
    int kept = length != 0 && !EVP_PKEY_set1_encoded_public_key(key, point, length) && EVP_PKEY_eq(key, twin) == 1;

    OPENSSL_free(point);
    EVP_PKEY_free(key);
    EVP_PKEY_free(twin);
    EVP_PKEY_free(other);
    return kept;
}

static int self_test(void)
{
    OSSL_PROVIDER *provider = OSSL_PROVIDER_load(NULL, "tpm2");
    int passed = provider != NULL && OSSL_PROVIDER_self_test(provider);

    OSSL_PROVIDER_unload(provider);
    return passed;
}

int main(int argc, char **argv)
{
    int done = argc == 3 && strcmp(argv[1], "-keeps") == 0 ? keeps(argv[2])
                                                           : argc == 2 && (strcmp(argv[1], "-self-test") == 0 ? self_test() : facts(argv[1]));

    if (!done)
        ERR_print_errors_fp(stderr);
    return !done;
}
