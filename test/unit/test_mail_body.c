/* links: src/wire/mail_body.c src/wire/mail_text.c */
/*-------------------------------------------------------------------------
 * test_mail_body.c
 *	  The content of mails: line breaks, long lines, lines that mean something on
 *	  the way, and which parts there are.
 *
 * test/unit/test_mail_body.c
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>

#include "check.h"
#include "wire/mail_body.h"

static void
check_text(const char *text, const char *expected, const char *name)
{
	MailText	out = {0};

	respond_mail_body_text(text, &out);
	check_string(respond_mail_text_string(&out), expected, name);
	respond_mail_text_free(&out);
}

static void
check_body(const char *text, const char *html, const char *expected, const char *name)
{
	MailText	out = {0};

	respond_mail_body_write(text, html, "1-a", &out);
	check_string(respond_mail_text_string(&out), expected, name);
	respond_mail_text_free(&out);
}

static int
hex_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c - 'A' + 10;
}

/* As a reader does it, line breaks as LF. */
static void
decode(const char *text, char *out)
{
	for (; *text != '\0'; text++)
	{
		if (*text == '\r' && text[1] == '\n')
			continue;
		if (*text != '=')
			*out++ = *text;
		else if (text[1] == '\r')
			text += 2;
		else
		{
			*out++ = (char) (hex_value(text[1]) << 4 | hex_value(text[2]));
			text += 2;
		}
	}
	*out = '\0';
}

/* What any text must be in the end: ASCII in short lines, none of which means something, and read back as it was. */
static bool
is_sound(const char *text, const char *written)
{
	char	   *read = malloc(strlen(written) + 1);
	char	   *wanted = malloc(strlen(text) + 1);
	char	   *at = wanted;
	bool		sound;

	for (; *text != '\0'; text++)
	{
		if (*text == '\r')
		{
			*at++ = '\n';
			text += text[1] == '\n';
		}
		else
			*at++ = *text;
	}
	*at = '\0';
	decode(written, read);
	sound = strcmp(read, wanted) == 0;
	while (sound && *written != '\0')
	{
		size_t		length = strcspn(written, "\r\n");

		sound = length <= 76 && *written != '.' && strncmp(written, "From ", 5) != 0 &&
			(length == 0 || (written[length - 1] != ' ' && written[length - 1] != '\t')) &&
			(written[length] == '\0' || strncmp(written + length, "\r\n", 2) == 0);
		for (size_t i = 0; sound && i < length; i++)
			sound = (written[i] >= ' ' && written[i] <= '~') || written[i] == '\t';
		written += length + (written[length] == '\0' ? 0 : 2);
	}
	free(read);
	free(wanted);
	return sound;
}

/* Texts of what matters, in all kinds of neighbourhood. */
static void
check_random(void)
{
	static const char *const pieces[] = {"\n", "\r", "\r\n", ".", "From ", " ", "\t", "=", "=20", "\xC3\xA4", "\xF0\x9F\x90\x98", "word", "--=_1-a",
	"a long word of some letters without any reason to end ", "\x01", "\x7F"};
	int			wrong = 0;

	srand(1);
	for (int i = 0; i < 20000; i++)
	{
		char		text[4000] = "";
		MailText	out = {0};

		for (int n = rand() % 40; n > 0; n--)
			strcat(text, pieces[rand() % (int) (sizeof(pieces) / sizeof(pieces[0]))]);
		respond_mail_body_text(text, &out);
		if (!is_sound(text, respond_mail_text_string(&out)) && wrong++ == 0)
			printf("# %s\n", respond_mail_text_string(&out));
		respond_mail_text_free(&out);
	}
	check(wrong == 0, "20,000 random texts are sound and read back as they were");
}

int
main(void)
{
	char		letters[81];

	check_text("", "", "nothing");
	check_text("one\ntwo", "one\r\ntwo", "LF is a line break");
	check_text("one\r\ntwo", "one\r\ntwo", "so is CR LF");
	check_text("one\rtwo", "one\r\ntwo", "so is CR");
	check_text("\n\r\n\r\r\n\n", "\r\n\r\n\r\n\r\n\r\n", "each is one");
	check_text("one\n", "one\r\n", "at the end");
	check_text("one \ntwo\t\r\nthree ", "one=20\r\ntwo=09\r\nthree=20", "white space at the end of a line");
	check_text("a  b\tc", "a  b\tc", "but not within");
	check_text(".\n..\n.a\na.b", "=2E\r\n=2E.\r\n=2Ea\r\na.b", "a dot at the beginning of a line");
	check_text("From here\nFromage\nSee From here", "=46rom here\r\nFromage\r\nSee From here", "From at the beginning of a line");
	check_text("1 = 1", "1 =3D 1", "=");
	check_text("K\xC3\xA4se \xF0\x9F\x90\x98", "K=C3=A4se =F0=9F=90=98", "UTF-8");
	check_text("\x01\x1B[2J\x7F", "=01=1B[2J=7F", "control characters");

	memset(letters, 'a', 80);
	letters[76] = '\0';
	check_text(letters, letters, "a line of 76 characters");
	letters[76] = 'a';
	letters[77] = '\0';
	{
		char		expected[100];

		snprintf(expected, sizeof(expected), "%.75s=\r\naa", letters);
		check_text(letters, expected, "one of 77 is continued");
		memcpy(letters + 75, ".b", 2);
		snprintf(expected, sizeof(expected), "%.75s=\r\n=2Eb", letters);
		check_text(letters, expected, "a dot where a line is continued");
		memcpy(letters + 74, "\xC3\xA4", 3);
		snprintf(expected, sizeof(expected), "%.74s=\r\n=C3=A4", letters);
		check_text(letters, expected, "no escape is cut");
	}
	check_random();

	check_body("Hello", NULL, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
			   "Content-Transfer-Encoding: quoted-printable\r\n\r\nHello\r\n", "a text is one part");
	check_body(NULL, "<p>Hello</p>\n", "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n"
			   "Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>Hello</p>\r\n", "so is HTML alone");
	check_body("Hello", "<p>Hello</p>", "MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary=\"=_1-a\"\r\n\r\n"
			   "--=_1-a\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nHello\r\n"
			   "--=_1-a\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>Hello</p>\r\n"
			   "--=_1-a--\r\n", "both are alternatives");
	check_body(NULL, NULL, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
			   "Content-Transfer-Encoding: quoted-printable\r\n\r\n", "a mail without either has an empty text");
	check_body("--=_1-a--", "x", "MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary=\"=_1-a\"\r\n\r\n"
			   "--=_1-a\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n--=3D_1-a--\r\n"
			   "--=_1-a\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nx\r\n"
			   "--=_1-a--\r\n", "no text can end the part that it is in");
	return check_done();
}
