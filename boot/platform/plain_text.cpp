#include "boot/platform/plain_text.hpp"

namespace platform {

namespace {

/// The letters U+00C0 to U+017F without accents; '?' where one letter is not enough.
constexpr char kLetters[] =
    "AAAAAA?CEEEEIIII" "DNOOOOOxOUUUUY??" "aaaaaa?ceeeeiiii" "dnooooo/ouuuuy?y"  // U+00C0
    "AaAaAaCcCcCcCcDd" "DdEeEeEeEeEeGgGg" "GgGgHhHhIiIiIiIi" "Ii??JjKkqLlLlLlL"  // U+0100
    "lLlNnNnNnnNnOoOo" "Oo??RrRrRrSsSsSs" "SsTtTtTtUuUuUuUu" "UuUuWwYyYZzZzZzs"; // U+0140
constexpr char32_t kFirstLetter = 0xc0, kLastLetter = 0x17f;
static_assert(sizeof kLetters == kLastLetter - kFirstLetter + 2);

struct Substitute {
  char32_t first, last;
  char text[4];
};
constexpr Substitute kSubstitutes[] = {
    {0x00a0, 0x00a0, " "},    {0x00a9, 0x00a9, "(c)"},  {0x00ab, 0x00ab, "\""},
    {0x00ad, 0x00ad, ""},     {0x00ae, 0x00ae, "(R)"},  {0x00b4, 0x00b4, "'"},
    {0x00b7, 0x00b7, "."},    {0x00bb, 0x00bb, "\""},   {0x00c6, 0x00c6, "AE"},
    {0x00de, 0x00de, "Th"},   {0x00df, 0x00df, "ss"},   {0x00e6, 0x00e6, "ae"},
    {0x00fe, 0x00fe, "th"},   {0x0132, 0x0132, "IJ"},   {0x0133, 0x0133, "ij"},
    {0x0152, 0x0152, "OE"},   {0x0153, 0x0153, "oe"},
    {0x0300, 0x036f, ""},    // combining accents
    {0x2000, 0x200a, " "},   // spaces of many widths
    {0x200b, 0x200f, ""},    // zero width
    {0x2010, 0x2015, "-"},   // hyphens and dashes
    {0x2018, 0x201b, "'"},    {0x201c, 0x201f, "\""},   {0x2022, 0x2022, "*"},
    {0x2024, 0x2024, "."},    {0x2025, 0x2025, ".."},   {0x2026, 0x2026, "..."},
    {0x2028, 0x2029, " "},    {0x202a, 0x202e, ""},     {0x202f, 0x202f, " "},    {0x2032, 0x2032, "'"},
    {0x2033, 0x2033, "\""},   {0x2039, 0x2039, "<"},    {0x203a, 0x203a, ">"},
    {0x2044, 0x2044, "/"},    {0x205f, 0x205f, " "},    {0x2060, 0x206f, ""},
    {0x20ac, 0x20ac, "EUR"},  {0x2122, 0x2122, "TM"},   {0x2190, 0x2190, "<-"},
    {0x2192, 0x2192, "->"},   {0x2212, 0x2212, "-"},    {0x2588, 0x2588, "#"},    {0x2591, 0x2591, "."},
    {0x3000, 0x3000, " "},    {0x3001, 0x3001, ","},    {0x3002, 0x3002, "."},
    {0xfe00, 0xfe0f, ""},    // variants of the character before
    {0xfeff, 0xfeff, ""},
    {0xe0000, 0xe0fff, ""},  // marks without a form
};

}  // namespace

rt::Text plain_text(char32_t character) {
  for (const Substitute& s : kSubstitutes)
    if (character >= s.first && character <= s.last) return s.text;
  if (character >= kFirstLetter && character <= kLastLetter)
    return {&kLetters[character - kFirstLetter], 1};
  return "?";
}

}  // namespace platform
