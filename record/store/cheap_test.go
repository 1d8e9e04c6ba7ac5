package store_test

import _ "carehold/crypto/cheaptest"
