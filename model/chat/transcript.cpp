#include "model/chat/transcript.hpp"

#include "rt/memory.hpp"
#include "rt/parse.hpp"

namespace model {
namespace {

/// Takes the first line off `text`, its end included.
rt::Text take_line(rt::Text& text) {
  uint64_t n = 0;
  while (n < text.size && text[n] != '\n') ++n;
  const rt::Text line = text.part(0, n < text.size ? n + 1 : n);
  text = text.from(line.size);
  return line;
}

bool begins_turn(const rt::Text& line) { return line.starts_with("---"); }

}  // namespace

void print_transcript(rt::Sink& out, rt::Span<const Turn> turns) {
  for (const Turn& turn : turns) {
    rt::print(out, "--- %s\n", kRoleNames[int(turn.role)]);
    rt::Text text = turn.text;
    do {
      const rt::Text line = take_line(text);
      if (begins_turn(line) || line.starts_with("\\")) out.write("\\");
      out.write(line);
    } while (!text.empty());
    out.write("\n");
  }
}

rt::Result<rt::Span<Turn>> parse_transcript(rt::Text file, rt::Text text, rt::Arena& arena) {
  if (text.starts_with("\xef\xbb\xbf")) text = text.from(3);
  uint64_t count = 0;
  for (rt::Text rest = text; !rest.empty();) count += begins_turn(take_line(rest));
  rt::Result<rt::Span<Turn>> turns = arena.make_raw<Turn>(count);
  if (!turns) return turns;
  rt::Result<rt::Span<char>> copy = arena.make_raw<char>(text.size);
  if (!copy) return copy.error();

  char* to = copy->data;
  Turn* turn = nullptr;
  bool crlf = false;
  // A turn's text goes up to the end of its last line, and that is cut off once all its lines are there.
  const auto end_turn = [&] {
    if (turn && turn->text.ends_with("\n")) --turn->text.size;
  };
  const auto no_turn = [&](uint64_t number) -> const rt::Error& {
    return rt::fail(rt::Errc::bad_file, number, "%pT: line %'llu begins no turn: wanted --- system, --- user or "
                    "--- assistant", &file, static_cast<unsigned long long>(number));
  };
  for (uint64_t number = 1; !text.empty(); ++number) {
    rt::Text line = take_line(text);
    if (begins_turn(line)) {
      end_turn();
      crlf = line.ends_with("\r\n");
      const rt::Text role = rt::trim(line.from(3));
      turn = turn ? turn + 1 : turns->data;
      int known = 2;
      while (known >= 0 && !(role == kRoleNames[known])) --known;
      if (known < 0) return no_turn(number);
      *turn = {Role(known), {to, 0}};
      continue;
    }
    if (!turn) {
      if (rt::trim(line).empty()) continue;
      return no_turn(number);
    }
    if (line.starts_with("\\")) line = line.from(1);
    const bool cut = crlf && line.ends_with("\r\n");
    const uint64_t n = cut ? line.size - 2 : line.size;
    rt::copy_bytes(to, line.data, n);
    to += n;
    if (cut) *to++ = '\n';
    turn->text.size = uint64_t(to - turn->text.data);
  }
  end_turn();
  return turns;
}

}  // namespace model
