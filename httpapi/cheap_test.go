package httpapi_test

import _ "carehold/crypto/cheaptest"
