/* TLS handshakes between two ends in one process, over memory BIOs, both with certificates: every version, group and signature.
 *
 *   handshakes PROVIDER CA NAME ...    PROVIDER must serve a plain fetch of EC and RSA (or "any"); each NAME means NAME.key
 *                                      and NAME.pem. Everything runs twice: the second time in a process that has used
 *                                      all the keys before. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof array / sizeof *array)

static char doing[256];

#define MUST(condition)                                                                                                       \
    do {                                                                                                                      \
        if (!(condition)) {                                                                                                   \
            fprintf(stderr, "handshakes.c:%d: %s: %s\n", __LINE__, doing, #condition);                                        \
            ERR_print_errors_fp(stderr);                                                                                      \
            exit(1);                                                                                                          \
        }                                                                                                                     \
    } while (0)

/* Key exchanges: the requested name, and the group or type that the ephemeral key must have. */
static const struct { const char *ask, *get; int versions; } groups[] = {
    {"P-256", "prime256v1", 3},
    {"P-384", "secp384r1", 3},
    {"P-521", "secp521r1", 3},
    {"X25519", "X25519", 3},
    {"X448", "X448", 3},
#if OPENSSL_VERSION_MAJOR < 4
    {"secp256k1", "secp256k1", 1},
#endif
    {"brainpoolP256r1", "brainpoolP256r1", 1},
    {"brainpoolP384r1", "brainpoolP384r1", 1},
    {"brainpoolP512r1", "brainpoolP512r1", 1},
    {"ffdhe2048", "ffdhe2048", 2},
    {"ffdhe3072", "ffdhe3072", 2},
    {"ffdhe4096", "ffdhe4096", 2},
};

/* Signatures: the keys (bits of an EC key, or 0 for RSA), the versions (1: TLS 1.2, 2: TLS 1.3), and the type of each. */
static const struct { const char *name; int bits, versions, type; } signatures[] = {
    {"rsa_pss_rsae_sha256", 0, 3, EVP_PKEY_RSA_PSS},
    {"rsa_pss_rsae_sha384", 0, 3, EVP_PKEY_RSA_PSS},
    {"rsa_pss_rsae_sha512", 0, 3, EVP_PKEY_RSA_PSS},
    {"RSA+SHA224", 0, 1, EVP_PKEY_RSA},
    {"RSA+SHA256", 0, 1, EVP_PKEY_RSA},
    {"RSA+SHA384", 0, 1, EVP_PKEY_RSA},
    {"RSA+SHA512", 0, 1, EVP_PKEY_RSA},
    {"ECDSA+SHA256", 256, 3, EVP_PKEY_EC},
    {"ECDSA+SHA384", 256, 1, EVP_PKEY_EC},
    {"ECDSA+SHA512", 256, 1, EVP_PKEY_EC},
    {"ECDSA+SHA224", 384, 1, EVP_PKEY_EC},
    {"ECDSA+SHA256", 384, 1, EVP_PKEY_EC},
    {"ECDSA+SHA384", 384, 3, EVP_PKEY_EC},
    {"ECDSA+SHA512", 521, 3, EVP_PKEY_EC},
};

struct identity { const char *name; SSL_CTX *server, *client; int bits; };

static SSL_CTX *context(const char *name, const SSL_METHOD *method, const char *authority)
{
    char file[256];
    SSL_CTX *ctx = SSL_CTX_new(method);
    snprintf(doing, sizeof doing, "setting up %s", name);
    MUST(ctx != NULL);
    snprintf(file, sizeof file, "%s.pem", name);
    MUST(SSL_CTX_use_certificate_file(ctx, file, SSL_FILETYPE_PEM) == 1);
    snprintf(file, sizeof file, "%s.key", name);
    MUST(SSL_CTX_use_PrivateKey_file(ctx, file, SSL_FILETYPE_PEM) == 1);
    MUST(SSL_CTX_check_private_key(ctx) == 1);
    MUST(SSL_CTX_load_verify_locations(ctx, authority, NULL) == 1);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_dh_auto(ctx, 1);
    return ctx;
}

/* Lists only the requested group; in TLS 1.2 also the curves of certificates, which are listed after it because the first one is used
 * for the key exchange. */
static const char *group_list(const char *group)
{
    static const char *const others[] = {"P-256", "P-384", "P-521"};
    static char list[80];
    snprintf(list, sizeof list, "%s", group);
    for (size_t i = 0; i < COUNT(others); i++)
        if (strcmp(group, others[i]) != 0)
            snprintf(list + strlen(list), sizeof list - strlen(list), ":%s", others[i]);
    return list;
}

/* Runs the two ends alternately until both have finished. */
static void converse(SSL *server, SSL *client)
{
    SSL *ends[] = {client, server};
    int through = 0;
    for (int turn = 0; through != 3 && turn < 40; turn++) {
        SSL *ssl = ends[turn & 1];
        int result = SSL_do_handshake(ssl);
        if (result == 1)
            through |= 1 << (turn & 1);
        else
            MUST(SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ);
    }
    MUST(through == 3);
}

static void handshake(const struct identity *server, const struct identity *client, int version, const char *group,
                      const char *ephemeral, const char *signature, int type)
{
    SSL *ends[] = {SSL_new(server->server), SSL_new(client->client)};
    BIO *to_server = BIO_new(BIO_s_mem()), *to_client = BIO_new(BIO_s_mem());
    snprintf(doing, sizeof doing, "%s, server %s, client %s, group %s, signature %s",
             version == TLS1_3_VERSION ? "TLS 1.3" : "TLS 1.2", server->name, client->name, group ? group : "any",
             signature ? signature : "any");
    MUST(ends[0] != NULL && ends[1] != NULL && to_server != NULL && to_client != NULL);
    BIO_set_mem_eof_return(to_server, -1);
    BIO_set_mem_eof_return(to_client, -1);
    BIO_up_ref(to_server);
    BIO_up_ref(to_client);
    SSL_set_bio(ends[0], to_server, to_client);
    SSL_set_bio(ends[1], to_client, to_server);
    SSL_set_accept_state(ends[0]);
    SSL_set_connect_state(ends[1]);
    for (int i = 0; i < 2; i++) {
        MUST(SSL_set_min_proto_version(ends[i], version) == 1 && SSL_set_max_proto_version(ends[i], version) == 1);
        MUST(group == NULL || SSL_set1_groups_list(ends[i], group_list(group)) == 1);
        MUST(signature == NULL || SSL_set1_sigalgs_list(ends[i], signature) == 1);
        MUST(signature == NULL || SSL_set1_client_sigalgs_list(ends[i], signature) == 1);
        MUST(SSL_set_cipher_list(ends[i], "ECDHE") == 1);
    }
    converse(ends[0], ends[1]);
    for (int i = 0; i < 2; i++) {
        int found;
        EVP_PKEY *key = NULL;
        char name[80] = "";
        MUST(SSL_version(ends[i]) == version && SSL_get_verify_result(ends[i]) == X509_V_OK);
        MUST(SSL_get_peer_signature_type_nid(ends[i], &found) == 1 && (type == 0 || found == type));
        if (ephemeral == NULL || !SSL_get_peer_tmp_key(ends[i], &key))
            continue;
        /* Montgomery curves are types, not groups. */
        if (EVP_PKEY_get_group_name(key, name, sizeof name, NULL) != 1)
            snprintf(name, sizeof name, "%s", EVP_PKEY_get0_type_name(key));
        MUST(strcmp(name, ephemeral) == 0);
        EVP_PKEY_free(key);
    }
    char answer[6] = "";
    MUST(SSL_write(ends[0], "hello", 5) == 5 && SSL_read(ends[1], answer, 5) == 5 && strcmp(answer, "hello") == 0);
    ERR_clear_error();
    SSL_free(ends[0]);
    SSL_free(ends[1]);
}

static void everything(const struct identity *all, int count)
{
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        int flag = version == TLS1_2_VERSION ? 1 : 2, turn = 0;
        for (size_t i = 0; i < COUNT(groups); i++)
            for (int n = 0; n < count; n++, turn++)
                if (groups[i].versions & flag)
                    handshake(&all[n], &all[(n + turn) % count], version, groups[i].ask, groups[i].get, NULL, 0);
        for (size_t i = 0; i < COUNT(signatures); i++)
            for (int n = 0; n < count; n++)
                if (signatures[i].versions & flag && signatures[i].bits == all[n].bits)
                    handshake(&all[n], &all[n], version, NULL, NULL, signatures[i].name, signatures[i].type);
    }
}

static const char *provider_of(const char *algorithm)
{
    EVP_KEYMGMT *keymgmt = EVP_KEYMGMT_fetch(NULL, algorithm, NULL);
    MUST(keymgmt != NULL);
    const char *name = OSSL_PROVIDER_get0_name(EVP_KEYMGMT_get0_provider(keymgmt));
    EVP_KEYMGMT_free(keymgmt);
    return name;
}

int main(int count, char **arguments)
{
    struct identity all[8] = {0};
    int names = count - 3;
    MUST(names >= 1 && names <= (int)COUNT(all));
    MUST(OPENSSL_init_ssl(0, NULL) == 1);
    if (strcmp(arguments[1], "any") != 0)
        MUST(strcmp(provider_of("EC"), arguments[1]) == 0 && strcmp(provider_of("RSA"), arguments[1]) == 0);
    for (int i = 0; i < names; i++) {
        all[i].name = arguments[i + 3];
        all[i].server = context(all[i].name, TLS_server_method(), arguments[2]);
        all[i].client = context(all[i].name, TLS_client_method(), arguments[2]);
        EVP_PKEY *key = SSL_CTX_get0_privatekey(all[i].server);
        all[i].bits = EVP_PKEY_is_a(key, "EC") ? EVP_PKEY_get_bits(key) : 0;
    }
    everything(all, names);
    everything(all, names);
    for (int i = 0; i < names; i++) {
        SSL_CTX_free(all[i].server);
        SSL_CTX_free(all[i].client);
    }
    return 0;
}
