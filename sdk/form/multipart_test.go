package form

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"strings"
	"testing"
	"testing/iotest"
)

func TestMultipart(t *testing.T) {
	body, contentType := Multipart(map[string]string{"purpose": "evidence", "note": "a b"},
		File{Field: "file", Name: `re"ceipt.pdf`, ContentType: "application/pdf", Content: strings.NewReader("%PDF")})
	kind, parameters, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "multipart/form-data" {
		t.Fatalf("the type is %q, %v", contentType, err)
	}
	form, err := multipart.NewReader(body, parameters["boundary"]).ReadForm(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	if form.Value["purpose"][0] != "evidence" || form.Value["note"][0] != "a b" || len(form.File["file"]) != 1 {
		t.Fatalf("got %v", form)
	}
	header := form.File["file"][0]
	file, err := header.Open()
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(file)
	if err != nil || string(content) != "%PDF" || header.Filename != `re"ceipt.pdf` || header.Header.Get("Content-Type") != "application/pdf" {
		t.Errorf("got %q, %v, %v", content, header, err)
	}
	if err := body.Close(); err != nil {
		t.Error(err)
	}
}

// What fails in the file fails in the body, so that no half of it counts as the whole.
func TestMultipart_fileFails(t *testing.T) {
	broken := errors.New("broken")
	body, _ := Multipart(nil, File{Field: "file", Content: io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken))})
	if _, err := io.ReadAll(body); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	_ = body.Close()
}

// A body that is closed early lets go of the file.
func TestMultipart_closedEarly(t *testing.T) {
	reading := make(chan struct{}, 1)
	file := readerFunc(func(p []byte) (int, error) {
		select {
		case reading <- struct{}{}:
		default:
		}
		return len(p), nil // without an end
	})
	body, _ := Multipart(nil, File{Field: "file", Content: file})
	if _, err := body.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := body.Close(); err != nil {
		t.Error(err)
	}
	for len(reading) > 0 {
		<-reading
	}
	if _, err := body.Read(make([]byte, 1)); err == nil {
		t.Error("a closed body is read")
	}
	if len(reading) > 0 {
		t.Error("the file was read after the body was closed")
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
