/* Prints the result of every libcrypto call that takes a key, one call a line, so that two keys can be compared.
 *
 *   same KEY [PROPERTIES]
 *
 * A line is the source text of the call, its result and the number of errors that it left; lines with returned numbers and texts follow.
 * The output does not depend on the key's numbers or on chance. PROPERTIES is the property query of fetched algorithms. */
/* The calls with old types are compared as well. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "same/ciphers.h"
#include "same/digests.h"
#include "same/exchanges.h"
#include "same/facts.h"
#include "same/files.h"
#include "same/messages.h"
#include "same/named.h"
#include "same/objects.h"
#include "same/parts.h"

int main(int count, char **arguments)
{
    EVP_PKEY *key;

    MUST(count >= 2);
    NUMBER(OPENSSL_VERSION_PREREQ(3, 4));
    key = load(arguments[1], NULL);
    rsa = EVP_PKEY_is_a(key, "RSA"), pss = EVP_PKEY_is_a(key, "RSA-PSS");
    facts(key);
    parts(key);
    objects(key);
    files(key);
    messages(key);
    digests(key);
    ciphers(key);
    exchanges(key);
    named(key, arguments[2]);
    EVP_PKEY_free(key);
    return 0;
}
