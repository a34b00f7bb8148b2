/* The parameters that a key reports. */
#ifndef FACTS_H
#define FACTS_H
#include "say.h"
#include <openssl/ec.h>

static void number(EVP_PKEY *key, const char *name)
{
    int value = -7;

    HEAD("%s", name);
    SAY(EVP_PKEY_get_int_param(key, name, &value));
    NUMBER(value);
}

static void words(EVP_PKEY *key, const char *name)
{
    char value[80] = "";

    HEAD("%s", name);
    SAY(EVP_PKEY_get_utf8_string_param(key, name, value, sizeof value, &length));
    WORDS(value);
}

/* Large numbers differ, the public exponent does not. */
static void large(EVP_PKEY *key, const char *name)
{
    BIGNUM *value = NULL;

    HEAD("%s", name);
    SAY(EVP_PKEY_get_bn_param(key, name, &value));
    NUMBER(value != NULL && BN_num_bits(value) > 30);
    BN_free(value);
}

static void facts(EVP_PKEY *key)
{
    static const char *numbers[]
        = {"bits", "security-bits", "security-category", "max-size", "decoded-from-explicit", "include-public", "use-cofactor-flag", "no-such", "group", "n"};
    static const char *texts[] = {"group", "default-digest", "mandatory-digest", "encoding", "point-format", "field-type", "digest", "mgf1-digest", "no-such", "bits"};
    static const char *larges[] = {"n", "e", "d", "rsa-factor1", "priv", "qx", "qy", "p", "order", "cofactor", "no-such"};
    char name[80] = "";
    unsigned char *point = NULL;

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        number(key, numbers[i]);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        words(key, texts[i]);
    for (size_t i = 0; i < sizeof larges / sizeof *larges; i++)
        large(key, larges[i]);
    HEAD("facts");
    SAY(EVP_PKEY_get_octet_string_param(key, "pub", NULL, 0, &length));
    NUMBER(length);
    SAY(EVP_PKEY_get_octet_string_param(key, "pub", out, 10, &length));
    SAY(EVP_PKEY_get_octet_string_param(key, "encoded-pub-key", out, sizeof out, &length));
    NUMBER(EVP_PKEY_get_id(key) > 0);
    SAY(EVP_PKEY_get_base_id(key));
    SAY(EVP_PKEY_get_bits(key));
    SAY(EVP_PKEY_get_security_bits(key));
    SAY(EVP_PKEY_get_size(key));
    SAY(EVP_PKEY_can_sign(key));
    WORDS(EVP_PKEY_get0_type_name(key));
    SAY(EVP_PKEY_get_default_digest_name(key, name, sizeof name));
    WORDS(name);
    SAY(EVP_PKEY_get_default_digest_nid(key, &(int){0}));
    SAY(EVP_PKEY_get_group_name(key, name, sizeof name, &length));
    SAY(EVP_PKEY_get_ec_point_conv_form(key));
    SAY(EVP_PKEY_get_field_type(key));
    SAY(EVP_PKEY_digestsign_supports_digest(key, NULL, "SHA256", NULL));
    SAY(EVP_PKEY_digestsign_supports_digest(key, NULL, "SHA384", NULL));
    SAY(EVP_PKEY_digestsign_supports_digest(key, NULL, "MD5-SHA1", NULL));
    SAY(EVP_PKEY_digestsign_supports_digest(key, NULL, "SHAKE256", NULL));
    SAY(EVP_PKEY_digestsign_supports_digest(key, NULL, "nonsense", NULL));
    NUMBER(length = EVP_PKEY_get1_encoded_public_key(key, &point));
    SAY(EVP_PKEY_set1_encoded_public_key(key, point, 3));
    OPENSSL_free(point);
    names("gettable", EVP_PKEY_gettable_params(key));
    names("settable", EVP_PKEY_settable_params(key));
    SAY(EVP_PKEY_set_int_param(key, "no-such", 1));
    SAY(EVP_PKEY_set_utf8_string_param(key, "encoding", "named_curve"));
    SAY(EVP_PKEY_set_utf8_string_param(key, "encoding", "nonsense"));
    SAY(EVP_PKEY_set_utf8_string_param(key, "point-format", "uncompressed"));
    SAY(EVP_PKEY_set_int_param(key, "include-public", 1));
}
#endif
