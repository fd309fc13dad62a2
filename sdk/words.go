package sdk

import (
	"context"
	"encoding/csv"
	"fmt"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// Vocabulary is what the words of one PSP mean in the contract's, as its
// connector's words.csv says it.
type Vocabulary struct {
	fields map[string]*fieldWords
}

type fieldWords struct {
	inOrder  []string
	meanings map[string]string
}

// ReadVocabulary reads the words of a PSP, which a connector embeds: lines of field,
// word and meaning, and comments after "#" that name their sources.
//
//	# Source: https://docs.psp.example/refunds.
//	refund.status,in_progress,PENDING
//	refund.status,done,SUCCEEDED
//
// It panics where a line can't be read or a field has a word twice: the file is part
// of the program.
func ReadVocabulary(file string) *Vocabulary {
	lines := csv.NewReader(strings.NewReader(file))
	lines.Comment, lines.FieldsPerRecord = '#', 3
	all, err := lines.ReadAll()
	if err != nil {
		panic(fmt.Sprintf("the vocabulary can't be read: %v", err))
	}
	v := &Vocabulary{fields: map[string]*fieldWords{}}
	for _, line := range all {
		field, word, meaning := line[0], line[1], line[2]
		if v.fields[field] == nil {
			v.fields[field] = &fieldWords{meanings: map[string]string{}}
		}
		known := v.fields[field]
		if _, twice := known.meanings[word]; twice {
			panic(fmt.Sprintf("the vocabulary has %s %q twice", field, word))
		}
		known.inOrder, known.meanings[word] = append(known.inOrder, word), meaning
	}
	return v
}

// Texts are the meanings of a field's words that are no values of an enum: the
// unified codes of declines, the fields of requests. The map is the vocabulary's own.
func (v *Vocabulary) Texts(field string) map[string]string { return v.known(field).meanings }

func (v *Vocabulary) known(field string) *fieldWords {
	if v.fields[field] == nil {
		panic(fmt.Sprintf("the vocabulary has no words for %s", field))
	}
	return v.fields[field]
}

// Enum is any enum of the contract.
type Enum interface {
	~int32
	protoreflect.Enum
}

// Words are the words of one field, whose meanings are values of an enum. They are
// translated both ways.
type Words[E Enum] struct {
	field    string
	meanings map[string]E
	words    map[E]string
	unknown  E
}

// WordsOf returns the words of a field. It panics where the vocabulary has none, or
// a meaning that is no value of the enum. Values are named without the enum's prefix.
func WordsOf[E Enum](v *Vocabulary, field string) Words[E] {
	w := Words[E]{field: field, meanings: map[string]E{}, words: map[E]string{}}
	values := E(0).Descriptor().Values()
	prefix := strings.TrimSuffix(string(values.ByNumber(0).Name()), "UNSPECIFIED")
	if unknown := values.ByName(protoreflect.Name(prefix + "UNKNOWN")); unknown != nil {
		w.unknown = E(unknown.Number())
	}
	known := v.known(field)
	for _, word := range known.inOrder {
		value := values.ByName(protoreflect.Name(prefix + known.meanings[word]))
		if value == nil {
			panic(fmt.Sprintf("the vocabulary's meaning of %s %q, %s, is none", field, word, known.meanings[word]))
		}
		meaning := E(value.Number())
		w.meanings[word] = meaning
		if _, taken := w.words[meaning]; !taken {
			w.words[meaning] = word
		}
	}
	return w
}

// Meaning is what one of the PSP's words means. One that the field does not have is
// told by Unmapped, and means UNKNOWN, or nothing where the enum has no such value;
// no word means the same and is told to nobody.
func (w Words[E]) Meaning(ctx context.Context, word string) E {
	meaning, ok := w.meanings[word]
	switch {
	case ok:
		return meaning
	case word != "":
		Unmapped(ctx, w.field, word)
	}
	return w.unknown
}

// Word is the PSP's first word for a value, or nothing where it has none.
func (w Words[E]) Word(value E) string { return w.words[value] }
