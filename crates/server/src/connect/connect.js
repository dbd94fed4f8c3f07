// For the application's own page: Trunnion.open({url, onSuccess, onExit}) shows a link session's page in a dialog over it.
//
//   url        of the link session
//   onSuccess  gets {code, state}: the code is exchanged by your server, as after a redirect
//   onExit     called when the customer closes the dialog before that
//   title      of the dialog, for screen readers ("Connect your system")
//   closeLabel of its button ("Close")
//
// The origin of your page must be one of the application's frame origins. Your own policy has to allow this server in
// script-src and frame-src. Nothing here needs inline styles.
(function () {
  'use strict';

  function styled(name, style) {
    var element = document.createElement(name);
    Object.assign(element.style, style);
    return element;
  }

  function open(options) {
    var address = new URL(options.url);
    address.searchParams.set('frame', location.origin);
    var title = options.title || 'Connect your system';
    var over = false;

    var dialog = styled('dialog', {
      width: 'min(40rem, 100vw)', height: 'min(56rem, 100dvh)', maxWidth: '100vw', maxHeight: '100dvh', padding: '0',
      border: '0', borderRadius: '12px', overflow: 'hidden', background: 'Canvas', color: 'CanvasText', colorScheme: 'light dark'
    });
    dialog.setAttribute('aria-label', title);
    var close = styled('button', {
      position: 'absolute', top: '0.4rem', right: '0.4rem', width: '2.75rem', height: '2.75rem', font: '1.5rem/1 system-ui',
      border: '1px solid', borderRadius: '8px', background: 'Canvas', color: 'CanvasText', cursor: 'pointer'
    });
    close.type = 'button';
    close.textContent = '\u00d7';
    close.setAttribute('aria-label', options.closeLabel || 'Close');
    var frame = styled('iframe', { width: '100%', height: 'calc(100% - 3.5rem)', marginTop: '3.5rem', border: '0' });
    frame.title = title;
    frame.src = address.href;

    function end() {
      over = true;
      removeEventListener('message', heard);
      dialog.close();
      dialog.remove();
    }

    function heard(event) {
      var told = event.data;
      if (event.source !== frame.contentWindow || event.origin !== address.origin || !told || told.type !== 'trunnion.success') {
        return;
      }
      end();
      if (options.onSuccess) options.onSuccess({ code: told.code, state: told.state });
    }

    // Also by the escape key.
    dialog.addEventListener('close', function () {
      if (over) return;
      end();
      if (options.onExit) options.onExit();
    });
    close.addEventListener('click', function () { dialog.close(); });
    addEventListener('message', heard);
    dialog.append(close, frame);
    document.body.append(dialog);
    dialog.showModal();
    return { close: function () { if (!over) dialog.close(); } };
  }

  window.Trunnion = { open: open };
})();
