/* Parts of a key: exported, copied, compared, checked. */
#ifndef PARTS_H
#define PARTS_H
#include "say.h"

/* Exports a selection of a key, and makes a key of it. */
static void part(EVP_PKEY *key, EVP_PKEY_CTX *ctx, int selection)
{
    OSSL_PARAM *params = NULL;
    EVP_PKEY *made = NULL;

    HEAD("selection %#x", selection);
    SAY(EVP_PKEY_todata(key, selection, &params));
    names("data", params);
    names("fromdata_settable", EVP_PKEY_fromdata_settable(ctx, selection));
    SAY(EVP_PKEY_fromdata_init(ctx));
    /* The private half of a TPM key cannot be exported. */
    if ((selection & 1) == 0 && SAY(EVP_PKEY_fromdata(ctx, &made, selection, params)) == 1) {
        SAY(EVP_PKEY_eq(made, key));
        SAY(EVP_PKEY_parameters_eq(made, key));
        SAY(EVP_PKEY_missing_parameters(made));
    }
    EVP_PKEY_free(made);
    OSSL_PARAM_free(params);
}

static void checks(EVP_PKEY *key)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);

    HEAD("checks");
    SAY(EVP_PKEY_check(ctx));
    SAY(EVP_PKEY_public_check(ctx));
    SAY(EVP_PKEY_public_check_quick(ctx));
    SAY(EVP_PKEY_private_check(ctx));
    SAY(EVP_PKEY_pairwise_check(ctx));
    SAY(EVP_PKEY_param_check(ctx));
    SAY(EVP_PKEY_param_check_quick(ctx));
    EVP_PKEY_CTX_free(ctx);
}

static void copies(EVP_PKEY *key)
{
    EVP_PKEY *twin = EVP_PKEY_dup(key), *empty = EVP_PKEY_new(), *same = EVP_PKEY_new(), *typed = EVP_PKEY_new(), *other = EVP_PKEY_new();
    EVP_PKEY *p384 = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384"), *ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

    HEAD("copies");
    HAS(twin);
    SAY(EVP_PKEY_eq(key, twin));
    SAY(EVP_PKEY_eq(twin, key));
    SAY(EVP_PKEY_eq(key, empty));
    SAY(EVP_PKEY_eq(empty, key));
    SAY(EVP_PKEY_eq(key, p384));
    SAY(EVP_PKEY_eq(p384, key));
    SAY(EVP_PKEY_eq(key, ed25519));
    SAY(EVP_PKEY_parameters_eq(key, twin));
    SAY(EVP_PKEY_parameters_eq(key, p384));
    SAY(EVP_PKEY_parameters_eq(key, empty));
    SAY(EVP_PKEY_missing_parameters(key));
    SAY(EVP_PKEY_copy_parameters(empty, key));
    WORDS(EVP_PKEY_get0_type_name(empty));
    SAY(EVP_PKEY_missing_parameters(empty));
    SAY(EVP_PKEY_parameters_eq(empty, key));
    SAY(EVP_PKEY_eq(empty, key));
    SAY(EVP_PKEY_copy_parameters(empty, key));
    SAY(EVP_PKEY_copy_parameters(twin, key));
    SAY(EVP_PKEY_copy_parameters(key, twin));
    SAY(EVP_PKEY_copy_parameters(p384, key));
    SAY(EVP_PKEY_copy_parameters(key, p384));
    SAY(EVP_PKEY_copy_parameters(key, ed25519));
    SAY(EVP_PKEY_set_type(typed, EVP_PKEY_get_base_id(key)));
    SAY(EVP_PKEY_copy_parameters(typed, key));
    SAY(EVP_PKEY_set_type_str(same, EVP_PKEY_get0_type_name(key), -1));
    SAY(EVP_PKEY_copy_parameters(same, key));
    SAY(EVP_PKEY_copy_parameters(key, other));
    SAY(EVP_PKEY_save_parameters(key, -1));
    SAY(EVP_PKEY_up_ref(key));
    EVP_PKEY_free(key);
    EVP_PKEY_free(twin);
    EVP_PKEY_free(empty);
    EVP_PKEY_free(same);
    EVP_PKEY_free(typed);
    EVP_PKEY_free(other);
    EVP_PKEY_free(p384);
    EVP_PKEY_free(ed25519);
}

/* Generates another key of the same type, with a context of this key. */
static void generations(EVP_PKEY *key)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    EVP_PKEY *made = NULL;

    HEAD("generations");
    SAY(EVP_PKEY_keygen(ctx, &made));
    SAY(EVP_PKEY_keygen_init(ctx));
    names("keygen", EVP_PKEY_CTX_settable_params(ctx));
    if (!rsa && !pss) {
        SAY(EVP_PKEY_generate(ctx, &made));
        SAY(EVP_PKEY_parameters_eq(made, key));
        SAY(EVP_PKEY_eq(made, key));
    }
    SAY(EVP_PKEY_paramgen_init(ctx));
    EVP_PKEY_free(made);
    EVP_PKEY_CTX_free(ctx);
}

static void parts(EVP_PKEY *key)
{
    static const int selections[] = {EVP_PKEY_KEY_PARAMETERS, EVP_PKEY_PUBLIC_KEY, EVP_PKEY_KEYPAIR, 1, 2, 4, 0x80, 0};
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);

    for (size_t i = 0; i < sizeof selections / sizeof *selections; i++)
        part(key, ctx, selections[i]);
    EVP_PKEY_CTX_free(ctx);
    checks(key);
    copies(key);
    generations(key);
}
#endif
