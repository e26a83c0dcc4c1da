// The same chat in React: typing cursor, scrolling, stop, and reconnecting after a lost connection.
// Run: node examples/proxy-express.mjs, then open http://127.0.0.1:3000/chat-react.html
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { createRoot } from "react-dom/client";
import { streamChat } from "./stream-chat.js";

function Chat() {
  const { messages, isTyping, send, stop } = useChat();
  const list = useFollowedEnd(messages);
  const submit = (event) => {
    event.preventDefault();
    send(new FormData(event.target).get("message"));
    event.target.reset();
  };
  return (
    <>
      <main {...list} aria-live="polite">
        {messages.map(({ id, role, text }) => (
          <p key={id} className={isTyping && id === messages.length ? `${role} typing` : role}>
            {text}
          </p>
        ))}
      </main>
      <form onSubmit={submit}>
        <input name="message" aria-label="Message" autoComplete="off" required />
        <button type="submit" hidden={isTyping}>
          Send
        </button>
        <button type="button" hidden={!isTyping} onClick={stop}>
          Stop
        </button>
      </form>
    </>
  );
}

function useChat() {
  const [messages, setMessages] = useState([]);
  const [isTyping, setTyping] = useState(false);
  const stopAnswer = useRef(() => {});
  useEffect(() => () => stopAnswer.current(), []); // closing the chat stops the model

  const add = (role, text) => setMessages((all) => [...all, { id: all.length + 1, role, text }]);
  const extendLast = (more) =>
    setMessages((all) =>
      all.map((each) => (each.id === all.length ? { ...each, text: each.text + more } : each)),
    );
  const end = () => setTyping(false);

  function send(message) {
    add("user", message);
    add("assistant", "");
    setTyping(true);
    stopAnswer.current = streamChat(message, {
      onChunk: extendLast,
      onComplete: end,
      onError: (error) => {
        end();
        add("error", error.message);
      },
    });
  }
  return { messages, isTyping, send, stop: () => stopAnswer.current() };
}

/** Keeps the end in view unless the user has scrolled up. */
function useFollowedEnd(messages) {
  const ref = useRef(null);
  const isAtEnd = useRef(true);
  const onScroll = ({ target }) => {
    isAtEnd.current = target.scrollHeight - target.scrollTop - target.clientHeight < 40;
  };
  useLayoutEffect(() => {
    if (isAtEnd.current && messages) ref.current.scrollTop = ref.current.scrollHeight;
  }, [messages]);
  return { ref, onScroll };
}

createRoot(document.getElementById("root")).render(<Chat />);
