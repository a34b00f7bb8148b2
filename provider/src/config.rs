//! Configuration: the provider's section of openssl.cnf and the environment, parsed once into types.
