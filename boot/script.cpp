#include "boot/script.hpp"

#include "rt/parse.hpp"

namespace boot {

rt::Text take_question(rt::Text& script) {
  while (!script.empty()) {
    rt::Text question(script.data, 0);
    while (!script.empty()) {
      const rt::Text line = rt::take_until(script, '\n');
      if (rt::trim(line) == "---") break;
      question.size = uint64_t(line.end() - question.data);
    }
    if (question.ends_with("\r")) --question.size;
    if (!rt::trim(question).empty()) return question;
  }
  return {};
}

}  // namespace boot
