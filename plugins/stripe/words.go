package stripe

import (
	_ "embed"

	"github.com/patchbay/patchbay/sdk"
)

//go:embed words.csv
var wordsFile string

// words is what Stripe's words mean.
var words = sdk.ReadVocabulary(wordsFile)
