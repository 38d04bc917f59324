// What changes something: sends the page's token along, and goes to the sign-in page when the session is over.

export async function send(url, { method = "POST", headers = {}, body } = {}) {
  const token = document.querySelector("meta[name=csrf-token]").content;
  const response = await fetch(url, { method, body, headers: { ...headers, "X-CSRFToken": token } });
  leaveIfSignedOut(response);
  return response;
}

/** The server answers 401 to nobody who is signed in; loading the page again leads to the sign-in, and back. */
export function leaveIfSignedOut(response) {
  if (response.status === 401) location.reload();
}
