package holder_test

import _ "carehold/crypto/cheaptest"
